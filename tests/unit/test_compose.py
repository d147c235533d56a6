"""How the parts fit together: settings become limits, rules and networks."""

from pathlib import Path

import pytest

from faceguard.access.policy import LivenessPolicy
from faceguard.compose import House, PolicyWatch, policy_of, search_tau
from faceguard.config.settings import ROWS, Settings, markdown_table
from faceguard.config.settings_file import SettingsFile
from faceguard.domain.errors import ModelFault, SettingsFault
from faceguard.domain.observation import HaltReason
from faceguard.domain.score import Threshold
from faceguard.pipeline.quality import DEFAULT_LIMITS, LIMIT_BOUNDS


@pytest.fixture
def house(tmp_path):
    return House(tmp_path)


def change(house, **values):
    for key, value in values.items():
        house.settings_file.change(key.replace("__", "."), value)


def test_quality_settings_are_the_limits_that_were_measured():
    for name, (low, high) in LIMIT_BOUNDS.items():
        row = ROWS[f"quality.{name}"]
        assert (row.default, row.low, row.high) == (getattr(DEFAULT_LIMITS, name), low, high)
    assert {f"quality.{name}" for name in LIMIT_BOUNDS} == {key for key in ROWS if key.startswith("quality.")}


def test_tau_is_the_cards_until_the_admin_sets_one(house):
    card = house.encoder_card()
    assert search_tau(house.settings(), card) == card.default_tau
    change(house, access__tau=0.9, access__tau_encoder=str(card.encoder_id))
    assert search_tau(house.settings(), card) == Threshold(0.9)


def test_tau_of_another_encoder_does_not_count(house):
    card = house.encoder_card()
    change(house, access__tau=3.5, access__tau_pair=3.5, access__tau_encoder="other@0123456789ab/arcface-rgb")
    policy = house.policy()
    assert policy.tau == policy.tau_pair == card.default_tau


def test_policy_without_pad_network_asks_for_the_pin_after_the_face(house):
    policy = house.policy()
    assert policy.passive is None
    assert policy.liveness_available
    assert policy.pin_after_face


def test_named_pad_network_that_is_missing_lets_nobody_in(house):
    change(house, models__pad="minifasnet")
    assert "minifasnet" in house.networks.pad_fault
    assert not policy_of(house.settings(), house.networks).liveness_available


def test_encoder_that_is_none_is_refused_by_name(house):
    change(house, models__encoder="detector_s")
    with pytest.raises(ModelFault, match="detector_s is no encoder"):
        _ = house.networks


def test_demanded_gpu_that_is_not_there_is_an_error_never_a_silent_cpu(house):
    offered = house.networks.providers
    if "cuda" in offered:
        pytest.skip("this runtime offers CUDA")
    house.forget_networks()
    change(house, models__provider="cuda")
    with pytest.raises(ModelFault, match="cuda"):
        _ = house.networks


def test_readme_holds_the_settings_table(project):
    assert markdown_table() in (Path(project) / "README.md").read_text("utf-8")


def test_settings_default_to_what_the_table_says():
    assert Settings().changed() == {}


def test_running_door_learns_of_settings_that_another_program_stored(house):
    watch = PolicyWatch(house.settings_file, house.networks)
    assert watch.poll() is None
    SettingsFile(house.settings_file.path).change("liveness.policy", "strict")
    policy = watch.poll()
    assert policy is not None
    assert policy.liveness is LivenessPolicy.STRICT
    assert watch.poll() is None


def test_settings_that_may_no_longer_be_read_are_a_fault_though_nothing_was_written(house, monkeypatch):
    house.settings_file.change("liveness.policy", "strict")
    watch = PolicyWatch(house.settings_file, house.networks)
    house.settings_file.path.chmod(0o000)
    assert watch._stamp() != watch._seen
    house.settings_file.path.chmod(0o600)
    watch.poll()

    def refused(*_, **__):
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(Path, "stat", refused)
    for _ in range(2):
        with pytest.raises(SettingsFault, match="Permission denied"):
            watch.poll()


def test_damaged_settings_are_a_fault_as_often_as_they_are_looked_at(house):
    watch = PolicyWatch(house.settings_file, house.networks)
    house.settings_file.path.write_text("liveness = ")
    for _ in range(2):
        with pytest.raises(SettingsFault):
            watch.poll()


def add_quality_network(house, tmp_path, min_score):
    """A network that answers every picture with nearly the same number."""
    import numpy as np

    from faceguard.pipeline.known_answer import prove
    from tests.unit.conftest import encoder_toml, linear_network

    data = linear_network(np.full((3 * 16 * 16, 1), 1e-6), output="quality")
    text = encoder_toml(data, card_id="judge").replace("[[encoder]]", "[[quality]]")
    text = text.replace('"embedding"', '"quality"').replace('["batch", 8]', '["batch", 1]')
    kept = [line for line in text.splitlines() if not line.startswith(("mirror", "length"))]
    (tmp_path / "judge.onnx").write_bytes(data)
    (tmp_path / "judge.toml").write_text("\n".join([*kept, f"min_score = {min_score}"]))
    house.catalogue.add(tmp_path / "judge.onnx", tmp_path / "judge.toml", prove)


@pytest.mark.parametrize(("min_score", "accepted"), [(-1.0, True), (1.0, False)])
def test_chosen_quality_network_judges_behind_the_gate(house, tmp_path, astronaut, min_score, accepted):
    from contextlib import closing

    from faceguard.domain.face import Frame

    add_quality_network(house, tmp_path, min_score)
    with closing(house.open_desk(networks=False)) as desk:
        desk.set_admin_pin("739184")
        assert house.shelf.use(desk, "judge").setting == "models.quality"
    house.forget_networks()
    with closing(house.open_desk()) as desk:
        quality = desk.examine_frame(Frame(astronaut, 0, 0)).quality
        desk.unlock("739184")
        assert "judge" in house.shelf.in_use(house.settings())
        house.shelf.remove(desk, "judge")
    assert quality.findings[-1].reason is HaltReason.POOR_PICTURE
    assert quality.findings[-1].passed is accepted
    assert house.settings().text("models.quality") == ""


def test_quality_network_that_is_missing_or_none_is_a_fault_never_a_laxer_gate(house):
    for wrong in ("nothing", "detector_s"):
        change(house, models__quality=wrong)
        with pytest.raises(ModelFault, match=wrong):
            _ = house.networks
