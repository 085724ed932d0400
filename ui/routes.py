"""Pictures and texts of pages, for the parts that show them: served beside the page, to the page only."""

from __future__ import annotations

from collections.abc import Callable

from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, Response
from starlette.routing import Route

from docqa.app.evidence_cards import Card, evidence
from docqa.app.page_data import CROP, MARKED_PAGE, PAGE, PART, part_data
from docqa.app.workspace import Workspace
from docqa.errors import DocqaError

_KEPT_NOWHERE = {"Cache-Control": "no-store"}

Answer = Callable[[Request], Response]


def routes(workspace: Workspace) -> list[Route]:
    """The addresses of `docqa.app.page_data`, answered from the workspace."""

    def crop(request: Request) -> Response:
        citation = _card(workspace, request).citation
        return _picture(workspace.images.crop(citation.sha256, citation.part, citation.boxes))

    def marked_page(request: Request) -> Response:
        citation = _card(workspace, request).citation
        return _picture(workspace.images.page(citation.sha256, citation.part, citation.boxes))

    def page(request: Request) -> Response:
        return _picture(workspace.images.page(request.path_params["document"], request.path_params["part"]))

    def part(request: Request) -> Response:
        document = workspace.library.document(request.path_params["document"])
        return JSONResponse(part_data(document, request.path_params["part"]), headers=_KEPT_NOWHERE)

    found = ((CROP, crop), (MARKED_PAGE, marked_page), (PAGE, page), (PART, part))
    return [Route(path, _guarded(answer), methods=["GET"]) for path, answer in found]


def _guarded(answer: Answer) -> Answer:
    """The same, with what is not there or may not be seen said in one line."""

    def guarded(request: Request) -> Response:
        try:
            return answer(request)
        except (DocqaError, LookupError) as error:
            message = str(error) if isinstance(error, DocqaError) else "there is no such page"
            return PlainTextResponse(message, status_code=404, headers=_KEPT_NOWHERE)

    return guarded


def _card(workspace: Workspace, request: Request) -> Card:
    answer = workspace.runs.run(request.path_params["run"]).answer
    card = evidence(answer).card(request.path_params["number"]) if answer else None
    if card is None:
        raise LookupError
    return card


def _picture(png: bytes | None) -> Response:
    if png is None:
        raise LookupError
    return Response(png, media_type="image/png", headers=_KEPT_NOWHERE)
