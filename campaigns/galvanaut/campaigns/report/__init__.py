"""What a campaign found, as one self-contained HTML page and as plain tables."""

from galvanaut.campaigns.report.comparison import Comparison, Side
from galvanaut.campaigns.report.incidents import Incident, InjectedFault
from galvanaut.campaigns.report.page import write_comparison, write_report
from galvanaut.campaigns.report.summary import Summary, summarise

__all__ = [
    "Comparison",
    "Incident",
    "InjectedFault",
    "Side",
    "Summary",
    "summarise",
    "write_comparison",
    "write_report",
]
