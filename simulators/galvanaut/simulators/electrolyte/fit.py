"""Reruns the fit: ``python -m galvanaut.simulators.electrolyte.fit [--write]``.

Prints the constants, the laboratories' offsets and the table of group-wise cross-validation. With ``--write`` the
constants replace those that the model uses, and those of a fit to the papers alone the ones of `prior_model`.
"""

from __future__ import annotations

import argparse
from collections.abc import Iterable, Iterator, Sequence

from galvanaut.simulators.electrolyte.coefficients import COEFFICIENTS_FILE, PAPERS_FILE, write_fit
from galvanaut.simulators.electrolyte.crossvalidation import Score, cross_validate
from galvanaut.simulators.electrolyte.datasets import Measurements, fitting_data, papers_data
from galvanaut.simulators.electrolyte.form import PARAMETERS
from galvanaut.simulators.electrolyte.regression import Fit, fit

_DETAILED_GROUPS = 12


def main(arguments: Sequence[str] | None = None) -> None:
    """Fit, cross-validate, print; write only if asked to."""
    parser = argparse.ArgumentParser(description="Fit the conductivity law to the shipped measurements.")
    parser.add_argument("--write", action="store_true", help=f"replace {COEFFICIENTS_FILE.name} and {PAPERS_FILE.name}")
    options = parser.parse_args(arguments)
    data = fitting_data()
    result = fit(data)
    for line in [*describe_fit(result, data), "", *describe_scores(cross_validate(data, result))]:
        print(line)
    if options.write:
        write_fit(result)
        write_fit(fit(papers_data()), PAPERS_FILE)
        print(f"\nwritten: {COEFFICIENTS_FILE}, {PAPERS_FILE}")


def describe_fit(result: Fit, data: Measurements) -> Iterator[str]:
    """Lines with the constants and the offsets."""
    yield f"fitted to {len(data)} conductivities of {len(set(data.laboratory))} laboratories"
    for name, value in zip(PARAMETERS, result.parameters, strict=True):
        yield f"  {name:<14}{value:10.4f}"
    yield "offset of each laboratory (hundredths of ln k, about percent):"
    for name, value in result.offsets.items():
        yield f"  {name:<34}{100 * value:+6.1f}"


def describe_scores(scores: Iterable[Score]) -> Iterator[str]:
    """Lines of the table: relative errors on what was left out."""
    yield f"{'left out':<30}{'fits':>6}{'rows':>6}{'median %':>10}{'90 % below':>12}{'rms ln k':>10}"
    for score in scores:
        yield (
            f"{score.split:<30}{score.groups:>6}{score.rows:>6}{score.median_percent:>10.2f}"
            f"{score.ninth_decile_percent:>10.1f} %{score.rms_log:>10.3f}"
        )
        if score.groups <= _DETAILED_GROUPS:
            for name, (median, bias) in score.by_group.items():
                yield f"    {name:<38}{median:>10.2f}   mean error of ln k {bias:+.3f}"


if __name__ == "__main__":
    main()
