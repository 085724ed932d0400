"""What can go wrong for a user, as one tree.

    DocqaError
    ├── UsageError                 an option, name or question that makes no sense
    │   └── DocumentsTooLong       the route that was asked for reads everything at once, and that does not fit
    ├── UnreadableDocument         a file that cannot be read, with the cause
    │   ├── PasswordRequired       encrypted, and no password or a wrong one was given
    │   ├── UnsafeDocument         a zip bomb, XML entity tricks, a limit exceeded
    │   └── NoTextFound            read completely, and there is no text in it
    ├── StoreError                 the cache directory cannot be used
    ├── ModelError                 the language model gave no usable reply
    │   ├── ModelUnreachable       the configured model server does not answer
    │   ├── ModelRejected          it answers, and refuses: the key, the model's name, a quota, a setting
    │   ├── ContextTooLong         the messages do not fit the model's context, or the server cut them in silence
    │   ├── MalformedReply         not what the schema asks for, also after one repair
    │   │   └── NoCompletion       not even a chat completion: another kind of server, or a broken one
    │   └── TruncatedReply         cut off at the output limit before it was complete
    ├── NetworkForbidden           something tried to leave the machine under --offline
    ├── OutOfBudget                a limit on tokens, seconds or money was reached
    └── Interrupted                nobody waits for the answer any more

Each message says what was wrong and what to do, on one line.
"""

from __future__ import annotations

from os import PathLike, fspath


class DocqaError(Exception):
    """Base of every error that a user can mend."""


class UsageError(DocqaError):
    """An option, a name or a question that makes no sense."""


class DocumentsTooLong(UsageError):
    """The documents as a whole have more tokens than the model takes at once."""


class UnreadableDocument(DocqaError):
    """A file that cannot be read; the message names the file and the cause."""

    def __init__(self, path: str | PathLike[str], cause: str) -> None:
        super().__init__(path, cause)
        self.path = fspath(path)
        self.cause = cause

    def __str__(self) -> str:
        return f"{self.path}: {self.cause}"


class PasswordRequired(UnreadableDocument):
    """The file is encrypted, and no password or a wrong one was given."""


class UnsafeDocument(UnreadableDocument):
    """The file would cost more than the limits allow, or tries to reach out of itself."""


class NoTextFound(UnreadableDocument):
    """The file was read completely, and there is no text in it."""


class StoreError(DocqaError):
    """The cache directory cannot be written or is of no use."""


class ModelError(DocqaError):
    """The language model gave no usable reply. The numbers say what the attempts have cost all the same, as far as the
    server told it: tokens, and calls that were answered.
    """

    def __init__(self, message: str, *, input_tokens: int = 0, output_tokens: int = 0, n_calls: int = 0) -> None:
        super().__init__(message)
        self.input_tokens = input_tokens
        self.output_tokens = output_tokens
        self.n_calls = n_calls


class ModelUnreachable(ModelError):
    """The configured model server does not answer."""


class ModelRejected(ModelError):
    """The model server answers and refuses the request: the key, the model's name, a quota, a setting."""


class ContextTooLong(ModelError):
    """The messages do not fit the model's context, or the server was caught cutting them in silence."""


class MalformedReply(ModelError):
    """The reply is not what the protocol or the schema asks for, also after one repair."""


class NoCompletion(MalformedReply):
    """What the server sent is no chat completion, also when asked again: the address is wrong, or the server broken."""


class TruncatedReply(ModelError):
    """The reply was cut off at the output limit before it was complete."""


class NetworkForbidden(DocqaError):
    """Something tried to open a socket under --offline."""


UNUSABLE = (MalformedReply, TruncatedReply)
"""A model that answers, and whose reply is of no use."""


class OutOfBudget(DocqaError):
    """A limit on tokens, seconds or money was reached before there was an answer."""


class Interrupted(DocqaError):
    """Whoever asked has left: Ctrl-C, or a stream that is not read on. Ends the work where it stands."""
