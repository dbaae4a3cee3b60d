"""Planners against each other on problems whose truth is known. Nothing of a bench takes part."""

from galvanaut.campaigns.benchmark.compare import Benchmark, benchmark
from galvanaut.campaigns.benchmark.problem import Outcome, Problem
from galvanaut.campaigns.benchmark.run import run
from galvanaut.campaigns.benchmark.traces import Trace

__all__ = ["Benchmark", "Outcome", "Problem", "Trace", "benchmark", "run"]
