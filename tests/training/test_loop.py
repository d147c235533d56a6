"""The loop: a killed run goes on where it was, averaged and plain weights are two, and it stops in time."""

import json

import pytest

torch = pytest.importorskip("torch")

from torch import nn

from faceguard.domain.errors import FaceguardError
from faceguard.training.loop import AVERAGED, CHECKPOINT, PLAIN, Plan, device_of, fit
from faceguard.training.run import CONFIG, CURVES, Run


def line():
    """y = 3 x - 1, to be found."""
    torch.manual_seed(0)
    return nn.Linear(1, 1)


def loss_of(net):
    x = torch.rand(64, 1)
    error = ((net(x) - (3 * x - 1)) ** 2).mean()
    return {"loss": error, "root": error.detach().sqrt()}


def dying_after(steps):
    calls = []

    def dies(net):
        calls.append(1)
        if len(calls) > steps:
            raise KeyboardInterrupt
        return loss_of(net)

    return dies


@pytest.fixture
def begin(tmp_path):
    runs = []

    def begin(name="run", config=None, **options):
        runs.append(Run(tmp_path / name, config or {"a": 1}, **options))
        return runs[-1]

    yield begin
    for run in runs:
        run.close()


def test_it_learns_and_keeps_plain_and_averaged_weights(begin):
    run = begin()
    net = line()
    averaged = fit(net, loss_of, Plan(steps=1500, rate=0.05, average=0.99), run)
    assert averaged.weight.item() == pytest.approx(3, abs=0.2)
    assert not averaged.training
    plain = torch.load(run.folder / PLAIN, weights_only=True)
    kept = torch.load(run.folder / AVERAGED, weights_only=True)
    assert torch.equal(plain["weight"], net.weight)
    assert torch.equal(kept["weight"], averaged.weight)
    assert not torch.equal(plain["weight"], kept["weight"])


def test_a_run_that_was_cut_off_goes_on_and_ends_as_if_it_had_not_been(begin):
    plan = Plan(steps=400, rate=0.05, save_s=0.0)
    whole = fit(line(), loss_of, plan, begin("whole"))

    with pytest.raises(KeyboardInterrupt):
        fit(line(), dying_after(149), plan, begin("cut"))
    after = fit(line(), loss_of, plan, begin("cut"))
    assert torch.equal(after.weight, whole.weight)


def test_a_checkpoint_of_before_several_processes_is_gone_on_with(begin):
    whole = fit(line(), loss_of, Plan(steps=20), begin("whole"))
    run = begin("old")
    with pytest.raises(KeyboardInterrupt):
        fit(line(), dying_after(10), Plan(steps=20, save_s=0.0), run)
    state = torch.load(run.folder / CHECKPOINT, weights_only=True)
    state["random"] = state.pop("processes")[0]["random"]
    torch.save(state, run.folder / CHECKPOINT)
    assert torch.equal(fit(line(), loss_of, Plan(steps=20), run).weight, whole.weight)


def test_a_checkpoint_of_another_network_is_refused(begin):
    fit(line(), loss_of, Plan(steps=2), begin())
    with pytest.raises(FaceguardError, match="another network"):
        fit(nn.Linear(2, 1), loss_of, Plan(steps=2), begin())


def test_a_folder_of_another_configuration_is_refused(begin):
    begin()
    with pytest.raises(FaceguardError, match="other options"):
        begin(config={"a": 2})


def test_a_loss_that_is_no_number_ends_it_with_a_sentence(begin):
    def broken(net):
        return {"loss": net.weight.sum() * float("nan")}

    with pytest.raises(FaceguardError, match="lower the learning rate"):
        fit(line(), broken, Plan(steps=10), begin(report_s=0.0))


def test_it_stops_early_when_nothing_gets_better(begin):
    steps = []

    def counted(net):
        steps.append(1)
        return loss_of(net)

    fit(line(), counted, Plan(steps=500, measure_s=0.0, patience=3), begin(), lambda net: {"score": 0.0})
    assert len(steps) == 4


def test_the_minutes_end_it(begin):
    fit(line(), loss_of, Plan(minutes=0.002), begin())


def test_curves_and_configuration_are_written_down(begin):
    said = []
    run = begin(config={"rate": 0.1, "data": "abc"}, say=said.append, report_s=0.0)
    fit(line(), loss_of, Plan(steps=3), run, lambda net: {"score": 0.5})
    assert json.loads((run.folder / CONFIG).read_text()) == {"rate": 0.1, "data": "abc"}
    rows = [row.split(",") for row in (run.folder / CURVES).read_text().splitlines()]
    assert rows[0] == ["step", "seconds", "name", "value"]
    assert {row[2] for row in rows[1:]} == {"loss", "root", "img_per_s", "score"}
    assert all("img/s" in line and "min left" in line for line in said[:3])


def test_the_first_and_the_last_step_are_reported_however_quick_they_are(begin):
    run = begin(report_s=1e9)
    fit(line(), loss_of, Plan(steps=20), run)
    rows = [row.split(",") for row in (run.folder / CURVES).read_text().splitlines()]
    assert [row[0] for row in rows if row[2] == "loss"] == ["1", "20"]


def test_a_plan_without_an_end_is_none():
    with pytest.raises(ValueError, match="steps, of minutes"):
        Plan()


@pytest.mark.skipif(torch.cuda.is_available(), reason="there is a GPU")
def test_a_gpu_that_is_not_there_is_said():
    assert device_of("auto").type == "cpu"
    with pytest.raises(FaceguardError, match="finds none"):
        device_of("cuda")
