"""What SECURITY.md promises about our own code: nothing is unpickled, no secret is written."""

import ast
import asyncio
from pathlib import Path

import pytest

from galvanaut.core.errors import InputError
from galvanaut.core.eventlog import open_engine
from galvanaut.flows import prefect_settings
from smalllab import BENCH, small_campaign

ROOT = Path(__file__).resolve().parents[1]
SOURCES = [
    path
    for room in ("core", "campaigns", "instruments", "simulators", "flows", "scripts")
    for path in (ROOT / room).rglob("*.py")
]
LOADS_CODE = {"pickle", "cPickle", "shelve", "dill", "cloudpickle", "joblib", "marshal", "torch", "jsonpickle", "yaml"}
BETWEEN_OWN_PROCESSES = {"flows/galvanaut/flows/sweep.py"}
"""Spreads simulations over processes that it starts itself, or a cluster that was named; nothing of it is stored."""


COMPUTES_WITH_TORCH = {"campaigns/galvanaut/campaigns/planners/botorch.py"}
"""Makes tensors of numbers; torch unpickles only what its `load` functions are given."""


def imports(tree: ast.AST) -> set[str]:
    names = {alias.name for node in ast.walk(tree) if isinstance(node, ast.Import) for alias in node.names}
    names |= {node.module or "" for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)}
    return {name.split(".")[0] for name in names} | (names & {"concurrent.futures"})


def calls(tree: ast.AST) -> set[str]:
    called = (node.func for node in ast.walk(tree) if isinstance(node, ast.Call))
    return {ast.unparse(function) for function in called}


@pytest.mark.parametrize("path", SOURCES, ids=lambda path: path.relative_to(ROOT).as_posix())
def test_nothing_is_unpickled_and_no_text_becomes_code(path):
    tree = ast.parse(path.read_text("utf-8"))
    found = imports(tree)
    allowed = {"torch"} if path.relative_to(ROOT).as_posix() in COMPUTES_WITH_TORCH else set()
    assert found & LOADS_CODE <= allowed
    assert not any(call.startswith("torch.") and "load" in call for call in calls(tree))
    if path.relative_to(ROOT).as_posix() not in BETWEEN_OWN_PROCESSES:
        assert "multiprocessing" not in found
        assert not any("ProcessPool" in call for call in calls(tree))
    assert calls(tree) & {"eval", "exec", "os.system", "np.load", "numpy.load", "pd.read_pickle"} == set()
    assert not any(call.endswith((".to_pickle", ".read_pickle")) for call in calls(tree))


def test_prefect_keeps_no_results_and_would_write_them_as_json(tmp_path):
    settings = prefect_settings.client_settings(tmp_path)
    assert settings["PREFECT_RESULTS_PERSIST_BY_DEFAULT"] == "false"
    assert settings["PREFECT_RESULTS_DEFAULT_SERIALIZER"] == "json"


@pytest.mark.prefect
@pytest.mark.filterwarnings("ignore")
def test_no_flow_and_no_task_keeps_a_result():
    from prefect import Flow, Task

    from galvanaut.flows import prefect_flows

    shown = [value for value in vars(prefect_flows).values() if isinstance(value, (Flow, Task))]
    assert len(shown) > 10
    assert {each.persist_result for each in shown} == {False}


def test_a_database_that_cannot_be_opened_is_named_without_its_password():
    with pytest.raises(InputError, match=r"postgresql\+psycopg://lab:\*\*\*@127\.0\.0\.1:1/lab") as caught:
        open_engine("postgresql+psycopg://lab:geheim@127.0.0.1:1/lab")  # nobody there, or no driver
    assert "geheim" not in str(caught.value)


@pytest.mark.prefect
@pytest.mark.filterwarnings("ignore")
def test_the_deployment_names_modules_and_cannot_arm():
    from ruamel.yaml import YAML

    from galvanaut.flows.prefect_flows import campaign_flow

    content = YAML(typ="safe", pure=True).load((ROOT / "flows" / "prefect.yaml").read_text("utf-8"))
    parameters = set(campaign_flow.parameters.properties)
    assert not parameters & {"arm", "armed"}
    for deployment in content["deployments"]:
        assert deployment["entrypoint"] == "galvanaut.flows.prefect_flows:campaign_flow"
        assert "galvanaut" in deployment["tags"]
        assert set(deployment["parameters"]) <= parameters
        assert deployment["concurrency_limit"] == 1
    assert not content["pull"]


@pytest.mark.prefect
@pytest.mark.filterwarnings("ignore")
def test_a_deployment_ends_before_a_real_bench_is_touched(tmp_path):
    from galvanaut.flows.prefect_flows import campaign_flow

    bench = tmp_path / "bench.yaml"
    bench.write_text(BENCH.read_text("utf-8").replace("visa: simulated", 'visa: "@py"\narmed: true'), "utf-8")
    with pytest.raises(InputError, match=r"is not armed; missing: --arm"):
        asyncio.run(campaign_flow.fn(str(small_campaign(tmp_path)), str(tmp_path / "lab"), str(bench)))
    assert not (tmp_path / "lab").exists()
