"""Options that several commands share."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

CampaignFile = Annotated[Path, typer.Argument(metavar="CAMPAIGN", help="Campaign file (YAML).", show_default=False)]
LabFolder = Annotated[Path, typer.Option("--lab", metavar="DIR", help="Folder in which everything of the lab is kept.")]
BenchFile = Annotated[
    Path | None,
    typer.Option("--bench", metavar="FILE", help="Bench file instead of the campaign's.", show_default=False),
]
Seed = Annotated[int | None, typer.Option("--seed", min=0, help="Seed instead of the campaign's.", show_default=False)]
Record = Annotated[
    Path | None,
    typer.Option("--record", metavar="FILE", help="Write every byte to this new file.", show_default=False),
]
CampaignName = Annotated[str, typer.Argument(metavar="CAMPAIGN", help="Name of a campaign, or its file.")]
AsJson = Annotated[bool, typer.Option("--json", help="Print JSON, for machines.")]
Database = Annotated[
    str | None,
    typer.Option(
        "--database",
        metavar="URL",
        help="Begin the lab on a PostgreSQL server: its address, without a password. See docs/how-to/two-benches.md.",
        show_default=False,
    ),
]
Join = Annotated[
    str | None,
    typer.Option(
        "--join",
        metavar="LAB",
        help="Work on a campaign of another lab, with a bench of its own: the lab's folder, or its --database address.",
        show_default=False,
    ),
]
Arm = Annotated[
    bool, typer.Option("--arm", help="Let a real bench move; its file must also say `armed: true`. See the docs first.")
]

DEFAULT_LAB = Path("lab")
