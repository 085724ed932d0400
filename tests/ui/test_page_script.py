"""The script behind the page, run without a browser: what it draws for each state, and what its controls do."""

from __future__ import annotations

import io
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pytest
from pypdf import PdfWriter
from streamlit.testing.v1 import AppTest
from streamlit.testing.v1.element_tree import Button

from docqa import DocQA
from docqa.agents.events import Event, Finished, Routed, Started
from docqa.answers import Statement
from docqa.app.run_log import Run, RunLog, State
from docqa.app.workspace import Question, Workspace
from docqa.eval.saved_report import write_report as write_eval_report
from docqa.ui import shared
from tests.app.answers_of_ours import ANSWERED, NOT_FOUND, SCANNED
from tests.app.slow_model import slow_server
from tests.eval.test_report import evaluation

from .pdf_of_ours import BRIDGE, write_report

QUESTION = "How long is the main arch of the bridge?"
TIMEOUT_S = 60.0
SCRIPT = Path(shared.__file__).with_name("page.py")


@pytest.fixture
def workspace(tmp_path: Path) -> Iterator[Workspace]:
    workspace = Workspace(DocQA(cache_dir=tmp_path / "cache"))
    shared.use(workspace)
    yield workspace
    workspace.close()


@pytest.fixture
def document(workspace: Workspace, tmp_path: Path) -> str:
    return workspace.agent.add(write_report(tmp_path / "ostwick.pdf", BRIDGE).path).id


def opened(**address: str) -> AppTest:
    script = AppTest.from_file(str(SCRIPT), default_timeout=TIMEOUT_S)
    for name, value in address.items():
        script.query_params[name] = value
    return script.run()


def wait(is_so: Callable[[], bool]) -> None:
    deadline = time.monotonic() + TIMEOUT_S
    while not is_so():
        assert time.monotonic() < deadline
        time.sleep(0.01)


def over(workspace: Workspace, question: Question) -> Run:
    run = workspace.ask(question)
    wait(lambda: workspace.runs.run(run.id).state != "running")
    return workspace.runs.run(run.id)


def log_of(workspace: Workspace, state: State, error: str, event: Event) -> None:
    """Write down a run that came to this end."""
    log = RunLog(workspace.settings.cache_dir, notify=pytest.fail)
    log.begin(Run("r1", "c0c0c0c0", QUESTION, ("ab",), owner="0" * 16))
    if state == "done":
        log.append("r1", event, state)
    else:
        log.append("r1", event)
    if state in ("failed", "stopped"):
        log.end("r1", state, error)
    log.close()


def texts(script: AppTest) -> str:
    return "\n".join(str(each.value) for each in (*script.markdown, *script.caption, *script.text, *script.title))


def test_an_empty_library_says_how_to_begin(workspace: Workspace) -> None:
    script = opened()
    assert not script.exception
    assert "Add a document" in texts(script)
    assert script.chat_input[0].placeholder.startswith("Ask your documents")


def test_a_question_is_asked_of_the_last_used_document_and_followed_up(workspace: Workspace, document: str) -> None:
    script = opened()
    script.chat_input[0].set_value(QUESTION).run()
    (entry,) = workspace.conversations()
    wait(lambda: workspace.runs.of_conversation(entry.id)[0].state == "done")
    script.run()
    assert [message.name for message in script.chat_message] == ["you", "docqa"]
    assert QUESTION in texts(script)
    assert script.expander[0].label.startswith("Answered after")
    assert script.query_params["conversation"] == entry.id
    assert script.chat_input[0].placeholder.startswith("Ask a follow-up")


def test_another_choice_of_documents_begins_another_conversation(
    workspace: Workspace, document: str, tmp_path: Path
) -> None:
    run = over(workspace, Question(QUESTION, (document,), workspace.settings))
    (tmp_path / "other.txt").write_text("The lighthouse has a red lamp.", encoding="utf-8")
    workspace.agent.add(tmp_path / "other.txt")
    script = opened(conversation=run.conversation)
    box = {each.label: each for each in script.checkbox}
    assert (box["ostwick.pdf"].value, box["other.txt"].value) == (True, False)
    box["other.txt"].check().run()
    script.chat_input[0].set_value("What lamp does the lighthouse have?").run()
    assert len(workspace.conversations()) == 2


def test_without_a_ticked_document_one_is_told_so(workspace: Workspace, document: str) -> None:
    script = opened()
    script.checkbox[0].uncheck().run()
    script.chat_input[0].set_value(QUESTION).run()
    assert [error.value for error in script.error] == ["no document is chosen; add one, or tick it in the list"]
    assert workspace.conversations() == ()


@pytest.mark.parametrize(
    ("state", "error", "shown"),
    [
        ("failed", "the model server does not answer at http://h", "the model server does not answer at http\\://h"),
        ("stopped", "", "Stopped before anything was proved."),
        ("interrupted", "", "docqa was ended while it worked on this question."),
    ],
)
def test_a_run_without_an_answer_says_why(workspace: Workspace, state: State, error: str, shown: str) -> None:
    log_of(workspace, state, error, Routed("rag", "because"))
    script = opened(run="r1")
    assert shown in [each.value for each in (*script.error, *script.info, *script.warning)]
    assert not script.exception


def test_only_a_run_that_was_kept_can_be_gone_on_with(workspace: Workspace) -> None:
    log_of(workspace, "interrupted", "", Started("c0ffee"))
    assert "Go on" in [button.label for button in opened(run="r1").button]


def test_what_an_answer_lacks_is_said(workspace: Workspace) -> None:
    weak = replace(ANSWERED, status="partial", statements=(Statement("It ends.", (SCANNED,)),))
    log_of(workspace, "done", "", Finished(weak))
    warnings = [each.value for each in opened(run="r1").warning]
    assert warnings[0] == "This is a partial answer. Read 19 of 20 pages; could not be read\\: page 3."
    assert warnings[1].startswith("Low evidence")
    assert "p. 14 was read by OCR." in warnings


def test_what_was_not_found_comes_with_its_proof(workspace: Workspace) -> None:
    log_of(workspace, "done", "", Finished(NOT_FOUND))
    shown = texts(opened(run="r1"))
    assert "Not found\\: nobody is named." in shown
    assert "Searched for: tenant, name" in shown
    assert "Nowhere in the documents: tenant" in shown


def test_an_address_of_nothing_shows_an_empty_page(workspace: Workspace) -> None:
    for address in ({"run": "nothing"}, {"conversation": "../x"}):
        script = opened(**address)
        assert not script.exception
        assert "Add a document" in texts(script)


def test_a_conversation_of_the_command_line_shows_its_words(workspace: Workspace, document: str) -> None:
    chat = workspace.agent.chat_about([workspace.library.document(document)])
    chat.ask(QUESTION)
    shown = texts(opened(conversation=chat.id))
    assert "503 metres" in shown
    assert "Asked on the command line" in shown


def test_asking_again_takes_another_route(workspace: Workspace, document: str) -> None:
    run = over(workspace, Question(QUESTION, (document,), workspace.settings))
    script = opened(conversation=run.conversation)
    script.selectbox(key=f"again-route-{run.id}").set_value("chain").run()
    script.button(key=f"again-go-{run.id}").click().run()
    wait(lambda: workspace.runs.of_conversation(run.conversation)[-1].state == "done")
    again = workspace.runs.of_conversation(run.conversation)[-1]
    assert again.answer is not None
    assert (again.question, again.answer.route.strategy) == (QUESTION, "chain")


def test_conversations_are_searched_and_deleted(workspace: Workspace, document: str) -> None:
    first = over(workspace, Question(QUESTION, (document,), workspace.settings))
    over(workspace, Question("When was the bridge opened?", (document,), workspace.settings))
    script = opened(conversation=first.conversation)
    script.text_input(key="search").set_value("when WAS").run()
    assert f"open-{first.conversation}" not in [button.key for button in script.button]
    script.button(key="delete").click().run()
    assert [entry.title for entry in workspace.conversations()] == ["When was the bridge opened?"]
    assert "Add a document" in texts(script)


def test_a_document_shows_its_health_and_can_be_removed(workspace: Workspace, document: str) -> None:
    script = opened()
    assert "3 pages, 3 kB" in texts(script)
    assert "3 pages\\: 3 text" in texts(script)
    script.button(key=f"remove-{document}").click().run()
    assert workspace.documents() == ()
    assert "Add a document" in texts(script)


def test_a_file_that_cannot_be_read_is_one_line_that_goes_away(workspace: Workspace) -> None:
    path = workspace.upload("broken.pdf", io.BytesIO(b"%PDF-1.4 and nothing more"))
    wait(lambda: workspace.readings.readings()[0].state == "failed")
    script = opened()
    (error,) = [each.value for each in script.error]
    assert error.startswith("**broken.pdf**: cannot be read as a PDF")
    script.button(key=f"dismiss-{path}").click().run()
    assert not script.error


def test_a_file_that_cannot_be_read_does_not_stand_in_the_way_of_the_others(
    workspace: Workspace, document: str
) -> None:
    script = opened()
    workspace.upload("broken.pdf", io.BytesIO(b"%PDF-1.4 and nothing more"))
    wait(lambda: workspace.readings.readings()[0].state == "failed")
    (reading,) = workspace.readings.readings()
    script.session_state.ticked = {document, reading.path.parent.name}  # as an upload leaves it
    script.chat_input[0].set_value(QUESTION).run()
    wait(lambda: workspace.runs.of_conversation(workspace.conversations()[0].id)[0].state == "done")
    (run,) = workspace.runs.of_conversation(workspace.conversations()[0].id)
    assert run.document_ids == (document,)


def test_a_document_that_was_removed_is_not_asked_any_more(workspace: Workspace, document: str, tmp_path: Path) -> None:
    (tmp_path / "other.txt").write_text("The lighthouse has a red lamp.", encoding="utf-8")
    other = workspace.agent.add(tmp_path / "other.txt").id
    run = over(workspace, Question(QUESTION, (document, other), workspace.settings))
    workspace.remove(document)
    script = opened(conversation=run.conversation)
    script.chat_input[0].set_value("What lamp does the lighthouse have?").run()
    (entry,) = (entry for entry in workspace.conversations() if entry.id != run.conversation)
    assert workspace.documents_of(entry.id) == (other,)
    workspace.remove(other)
    script.chat_input[0].set_value("And its colour?").run()
    assert [error.value for error in script.error] == ["no document is chosen; add one, or tick it in the list"]


def test_what_cannot_be_asked_is_said_until_something_else_is_done(workspace: Workspace, document: str) -> None:
    script = opened()
    script.chat_input[0].set_value("x" * 20_000).run()
    assert "the limit is 10000" in script.error[0].value
    script.run()
    assert script.error
    script.chat_input[0].set_value(QUESTION).run()
    assert not script.error


def test_an_encrypted_file_asks_for_its_password(workspace: Workspace, tmp_path: Path) -> None:
    writer = PdfWriter(clone_from=write_report(tmp_path / "plain.pdf", BRIDGE).path)
    writer.encrypt("open sesame", algorithm="RC4-128")
    writer.write(tmp_path / "secret.pdf")
    with (tmp_path / "secret.pdf").open("rb") as file:
        workspace.upload("secret.pdf", file)
    wait(lambda: workspace.readings.readings()[0].state == "locked")
    script = opened()
    field = next(each for each in script.text_input if each.label.startswith("Password of secret.pdf"))
    field.set_value("open sesame").run()
    wait(lambda: workspace.readings.readings()[0].state == "read")
    assert "secret.pdf" in [box.label for box in opened().checkbox]


def test_an_encrypted_document_of_an_earlier_server_asks_for_its_password_again(
    workspace: Workspace, tmp_path: Path
) -> None:
    writer = PdfWriter(clone_from=write_report(tmp_path / "plain.pdf", BRIDGE).path)
    writer.encrypt("open sesame", algorithm="RC4-128")
    writer.write(tmp_path / "secret.pdf")
    with closing(DocQA(cache_dir=tmp_path / "cache")) as earlier:
        document = earlier.add(tmp_path / "secret.pdf", password="open sesame").id
    assert "is encrypted" in over(workspace, Question(QUESTION, (document,), workspace.settings)).error
    script = opened()
    field = next(each for each in script.text_input if each.label.startswith("Password of secret.pdf"))
    field.set_value("open sesame").run()
    wait(lambda: [reading.state for reading in workspace.readings.readings()] == ["read"])
    assert over(workspace, Question(QUESTION, (document,), workspace.settings)).answer is not None


def settings_panel() -> AppTest:
    """The panel by itself: run as a dialog, the test tool would close it at every change."""

    def script() -> None:
        from docqa.ui import settings_panel

        settings_panel.draw()

    return AppTest.from_function(script, default_timeout=TIMEOUT_S).run()


def test_settings_are_tried_and_used(workspace: Workspace, document: str) -> None:
    with slow_server("main arch") as slow:
        slow.let()
        panel = settings_panel()
        panel.radio[0].set_value("openai").run()
        fields = {each.label: each for each in panel.text_input}
        fields["Name of the model"].set_value("test-model")
        fields["Address"].set_value(slow.url)
        button(panel, "Try the model").click().run()
        assert panel.success[0].value.startswith("Ready\\: openai\\:test-model said")
        assert workspace.preferred == workspace.settings
        button(panel, "Use these").click().run()
        assert workspace.preferred.model == "openai:test-model"
        script = opened()  # a new window begins with what was used last
        script.chat_input[0].set_value(QUESTION).run()
        wait(lambda: workspace.runs.of_conversation(workspace.conversations()[0].id)[0].state == "done")
        assert slow.n_asked > 0


def test_settings_that_make_no_sense_are_one_line(workspace: Workspace) -> None:
    panel = settings_panel()
    panel.radio[0].set_value("openai").run()
    button(panel, "Use these").click().run()
    (error,) = [each.value for each in panel.error]
    assert "a model on a server needs a name and an address" in error
    assert workspace.preferred == workspace.settings


def evaluations_page() -> AppTest:
    def script() -> None:
        from docqa.ui import evaluations

        evaluations.draw()

    return AppTest.from_function(script, default_timeout=TIMEOUT_S).run()


def test_the_report_of_an_evaluation_is_drawn(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    assert "No run was found" in texts(evaluations_page())
    (tmp_path / "runs" / "ours").mkdir(parents=True)
    write_eval_report(evaluation(), tmp_path / "runs" / "ours")
    script = evaluations_page()
    assert script.selectbox[0].value == str(Path("runs/ours"))
    assert script.table[0].value.shape[0] > 0
    assert not script.exception
    assert not script.error


def test_a_folder_without_a_report_is_one_line(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "runs" / "bad").mkdir(parents=True)
    (tmp_path / "runs" / "bad" / "report.json").write_text("{", encoding="utf-8")
    (error,) = [each.value for each in evaluations_page().error]
    assert "cannot be read as a report" in error


def button(script: AppTest, label: str) -> Button:
    return next(each for each in script.button if each.label == label)
