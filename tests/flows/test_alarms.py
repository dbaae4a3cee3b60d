"""A lab's alarms on the command line: the file, the hooks, what is open."""

import json
import sys

import pytest

from smalllab import command_line, scarce_campaign, small_campaign

TELL = "import sys; open('told', 'a').write(sys.stdin.read() + '\\n')"


def alarm_file(lab, text=""):
    lab.mkdir(exist_ok=True)
    run = json.dumps([sys.executable, "-c", TELL])
    (lab / "alarms.yaml").write_text(f"{text}\nhooks:\n  - {{kind: command, run: {run}}}\n", "utf-8")


def test_a_bottle_that_runs_out_is_told_to_the_hook_at_the_end_and_in_the_status(tmp_path):
    scarce = scarce_campaign(tmp_path)
    lab = tmp_path / "lab"
    alarm_file(lab, "limits: {stock_share: 90 %}")
    done = command_line("run", scarce, "--lab", lab, "--no-prefect")
    assert done.returncode == 0, done.stderr
    assert "alarm: rinse:" in done.stdout
    told = [json.loads(line) for line in (lab / "told").read_text("utf-8").splitlines()]
    assert [(each["event"], each["instrument"]) for each in told] == [("raised", "rinse")]
    assert told[0]["simulated"]
    assert "running out" in command_line("status", "--lab", lab).stdout
    shown = json.loads(command_line("alarms", "--lab", lab, "--json").stdout)
    assert [(each["instrument"], each["cause"]) for each in shown] == [("rinse", "running out")]


def test_the_hooks_can_be_tried(tmp_path):
    alarm_file(tmp_path)
    done = command_line("alarms", "--lab", tmp_path, "--test")
    assert (done.returncode, "took it" in done.stdout) == (0, True)
    assert json.loads((tmp_path / "told").read_text("utf-8"))["event"] == "test"


def test_hooks_of_a_lab_that_is_not_there_are_no_success(tmp_path):
    done = command_line("alarms", "--lab", tmp_path / "typo", "--test")
    assert (done.returncode, f"--lab {tmp_path / 'typo'}: is not there" in done.stderr) == (2, True)


def test_a_hook_that_fails_its_trial_is_named(tmp_path):
    (tmp_path / "alarms.yaml").write_text("hooks: [{kind: command, run: [no-such-program]}]", "utf-8")
    done = command_line("alarms", "--lab", tmp_path, "--test")
    assert done.returncode == 1
    assert "command no-such-program: FAILED" in done.stdout


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("limits: {silent_periods: many}", "limits.silent_periods"),
        ("limits: {silent_periods: .inf}", "line 1: limits.silent_periods: must be a finite number, found inf"),
        ("hooks: [{kind: pigeon}]", "hooks.0"),
        ("hooks: [{kind: email, host: h, from: a@b.c, to: [a@b.c], user: u, password_env: NO_SUCH}]", "NO_SUCH"),
    ],
)
def test_a_file_with_a_problem_is_refused_before_anything_moves(tmp_path, text, said):
    lab = tmp_path / "lab"
    lab.mkdir()
    (lab / "alarms.yaml").write_text(text, "utf-8")
    done = command_line("run", small_campaign(tmp_path, 1), "--lab", lab, "--no-prefect")
    assert done.returncode == 2
    assert said in done.stderr
    assert [path.name for path in lab.iterdir()] == ["alarms.yaml"]


def test_the_schema_of_the_file_can_be_had():
    schema = json.loads(command_line("schema", "alarms").stdout)
    assert {"limits", "hooks"} == set(schema["properties"])
