"""The lab page's application: one page, its script and style, and the views as JSON.

Everything heavy is imported here, before the first question: scipy, pandas and Plotly do not bear it that two threads
import them at once.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import plotly
import plotly.graph_objects  # before threads
from fastapi import FastAPI, Request
from jinja2 import Environment, PackageLoader, StrictUndefined
from sqlalchemy.exc import SQLAlchemyError
from starlette.responses import FileResponse, HTMLResponse, JSONResponse, Response, StreamingResponse
from starlette.staticfiles import StaticFiles

from galvanaut.core.errors import GalvanautError
from galvanaut.flows.page.access import Door
from galvanaut.flows.page.bench import bench_view
from galvanaut.flows.page.campaign import Campaigns, lab_view
from galvanaut.flows.page.cell import TwinViews, cell_view
from galvanaut.flows.page.model import Models
from galvanaut.flows.page.prefectlinks import PrefectLinks
from galvanaut.flows.page.source import LabSource
from galvanaut.flows.page.stream import Stream
from galvanaut.flows.page.trial import trial_view
from galvanaut.instruments.telemetry import columns, seal  # noqa: F401  # before threads

HERE = Path(__file__).parent
PLOTLY = Path(plotly.__file__).parent / "package_data" / "plotly.min.js"


@dataclass(frozen=True)
class Views:
    """What the application asks for data.

    Attributes:
        source: the lab.
        stream: its news.
        campaigns, models, twins: what takes longer, worked out when asked for and kept.
        links: to Prefect.
    """

    source: LabSource
    stream: Stream
    campaigns: Campaigns
    models: Models
    twins: TwinViews
    links: PrefectLinks

    @classmethod
    def of(cls, lab: Path) -> Views:
        """Of a lab folder."""
        source = LabSource(lab)
        return cls(source, Stream(source), Campaigns(source), Models(source), TwinViews(source), PrefectLinks(lab))


def lab_page(lab: Path, token: str = "", port: int = 0) -> Door:
    """The application of a lab.

    Args:
        lab: its folder, which may be empty yet.
        token: wanted from everybody; empty where only this computer can ask.
        port: at which it will listen.
    """
    views = Views.of(lab)

    @asynccontextmanager
    async def lifespan(_app: FastAPI) -> AsyncIterator[None]:
        yield
        await views.stream.close()

    app = FastAPI(title="Galvanaut", lifespan=lifespan, docs_url=None, redoc_url=None, openapi_url=None)
    app.add_exception_handler(GalvanautError, _not_there)
    app.add_exception_handler(SQLAlchemyError, _not_now)
    _add_pages(app, views)
    _add_data(app, views)
    app.mount("/static", StaticFiles(directory=HERE / "static"))
    return Door(app, token, port)


def _add_pages(app: FastAPI, views: Views) -> None:
    environment = Environment(
        loader=PackageLoader("galvanaut.flows.page"), autoescape=True, undefined=StrictUndefined, trim_blocks=True
    )
    page = environment.get_template("page.html")
    script = f"/plotly-{plotly.__version__}.min.js"

    @app.get("/")
    def home() -> HTMLResponse:
        return HTMLResponse(page.render(lab=views.source.folder.path.resolve().name, plotly=script))

    @app.get(script)
    def plotly_script() -> FileResponse:
        kept = {"Cache-Control": "private, max-age=604800, immutable"}
        return FileResponse(PLOTLY, media_type="text/javascript", headers=kept)


def _add_data(app: FastAPI, views: Views) -> None:
    """Every view. Plain functions: each runs in a thread, and none holds up the stream."""
    source = views.source
    _add(app, "/api/lab", lambda: lab_view(source))
    _add(app, "/api/bench", lambda: bench_view(source))

    @app.get("/api/campaign/{name}")
    def campaign(name: str) -> JSONResponse:
        return JSONResponse(views.campaigns.view(name))

    @app.get("/api/links/{name}")
    def links(name: str) -> JSONResponse:
        return JSONResponse(views.links.of(name))

    @app.get("/api/model/{name}")
    def model(name: str) -> JSONResponse:
        return JSONResponse(views.models.view(name))

    @app.get("/api/trial/{name}/{number}")
    def trial(name: str, number: int) -> JSONResponse:
        return JSONResponse(trial_view(source, name, number))

    @app.get("/api/cell/{test:path}")
    def cell(test: str) -> JSONResponse:
        return JSONResponse(cell_view(source, test))

    @app.get("/api/twin/{test:path}")
    def twin(test: str) -> JSONResponse:
        return JSONResponse(views.twins.view(test))

    @app.get("/api/stream")
    async def stream() -> StreamingResponse:
        headers = {"X-Accel-Buffering": "no"}
        return StreamingResponse(views.stream.events(), media_type="text/event-stream", headers=headers)


def _add(app: FastAPI, path: str, made: Callable[[], dict[str, Any]]) -> None:
    @app.get(path)
    def view() -> JSONResponse:
        return JSONResponse(made())


def _not_there(_request: Request, error: Exception) -> Response:
    """What was asked for is not in the lab, or cannot be read."""
    return JSONResponse({"error": str(error)}, 404)


def _not_now(_request: Request, error: Exception) -> Response:
    """A database is just being written or tidied up by its owner, or is away; the page asks again."""
    return JSONResponse({"error": f"the lab cannot be read now ({type(error).__name__}); the page asks again"}, 503)
