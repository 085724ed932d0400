"""Settings: precedence, origins, and one clear line for a mistake."""

from __future__ import annotations

from pathlib import Path

import pytest

from docqa.app import config
from docqa.app.config import Settings, describe, load_settings
from docqa.errors import UsageError


@pytest.fixture(autouse=True)
def user_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    path = tmp_path / "user" / "config.toml"
    path.parent.mkdir()
    monkeypatch.setattr(config, "user_config_file", lambda: path)
    return path


def test_a_flag_beats_the_environment_beats_the_project_beats_the_user(tmp_path: Path, user_file: Path) -> None:
    user_file.write_text('ocr = "off"\nencoder = "user"\nmodel = "user"\ncache_dir = "user"\n')
    (tmp_path / "docqa.toml").write_text('encoder = "project"\nmodel = "project"\ncache_dir = "project"\n')
    environment = {"DOCQA_MODEL": "environment", "DOCQA_CACHE_DIR": "environment"}
    configured = load_settings({"cache_dir": "flag", "ocr": None}, environment, tmp_path)
    settings = configured.settings
    assert (settings.ocr, settings.encoder, settings.model, settings.cache_dir) == (
        "off", "project", "environment", Path("flag"),
    )  # fmt: skip
    assert configured.origins["ocr"] == str(user_file)
    assert configured.origins["encoder"] == str(tmp_path / "docqa.toml")
    assert configured.origins["model"] == "DOCQA_MODEL"
    assert configured.origins["cache_dir"] == "flag"
    assert configured.origins["offline"] == "default"


def test_without_any_source_the_defaults_hold(tmp_path: Path) -> None:
    assert load_settings({}, {}, tmp_path).settings == Settings()


@pytest.mark.parametrize(
    ("environment", "expected"),
    [
        ({"DOCQA_OFFLINE": "yes"}, True),
        ({"DOCQA_OFFLINE": "0"}, False),
        ({"DOCQA_OFFLINE": ""}, False),
    ],
)
def test_words_for_true_and_false_are_understood(environment: dict[str, str], expected: bool, tmp_path: Path) -> None:
    assert load_settings({}, environment, tmp_path).settings.offline is expected


@pytest.mark.parametrize(
    ("flags", "environment", "said"),
    [
        ({"ocr": "sometimes"}, {}, "auto, off, force"),
        ({"page_timeout_s": -1}, {}, "above 0"),
        ({"no_such_thing": 1}, {}, "known: "),
        ({}, {"DOCQA_NO_SUCH": "1"}, "DOCQA_OCR"),
        ({}, {"DOCQA_OFFLINE": "perhaps"}, "true or false"),
        ({"ocr_languages": " , "}, {}, "at least one"),
        ({"ocr_languages": 5}, {}, "expected names"),
        ({"ocr_languages": [5]}, {}, "expected names"),
        ({"page_timeout_s": float("nan")}, {}, "above 0"),
        ({"page_timeout_s": "inf"}, {}, "above 0"),
        ({}, {"DOCQA_MAX_TOKENS": "many"}, "whole number"),
        ({"max_tokens": 1.9}, {}, "whole number"),
        ({}, {"DOCQA_CACHE_DIR": "~nobody-of-this-name/x"}, "no such home"),
    ],
)
def test_a_mistake_is_one_line_that_says_what_was_expected(
    flags: dict[str, object], environment: dict[str, str], said: str, tmp_path: Path
) -> None:
    with pytest.raises(UsageError, match=said) as caught:
        load_settings(flags, environment, tmp_path)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("content", [b"ocr = ", b"\xff\xfe\x00", b'colour = "red"'])
def test_a_broken_settings_file_is_named(content: bytes, tmp_path: Path) -> None:
    (tmp_path / "docqa.toml").write_bytes(content)
    with pytest.raises(UsageError, match=r"docqa\.toml"):
        load_settings({}, {}, tmp_path)


def test_every_setting_is_described_with_its_origin(tmp_path: Path) -> None:
    rows = describe(load_settings({"offline": True}, {}, tmp_path))
    assert {"name": "offline", "value": True, "origin": "flag"} in rows
    assert {row["name"] for row in rows} == set(Settings.__dataclass_fields__)


def test_the_key_of_the_model_server_is_never_shown(tmp_path: Path) -> None:
    configured = load_settings({}, {"DOCQA_API_KEY": "sk-secret", "DOCQA_CONTEXT_LENGTH": "4096"}, tmp_path)
    assert (configured.settings.api_key, configured.settings.context_length) == ("sk-secret", 4096)
    assert "sk-secret" not in repr(configured) + str(describe(configured))
    assert {"name": "api_key", "value": "(set)", "origin": "DOCQA_API_KEY"} in describe(configured)
    assert {"name": "api_key", "value": "", "origin": "default"} in describe(load_settings({}, {}, tmp_path))


@pytest.mark.parametrize("value", ["-1", "many", True, 1.5e400])
def test_a_context_length_that_makes_no_sense_is_refused(value: object, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="context_length"):
        load_settings({"context_length": value}, {}, tmp_path)


def test_a_working_directory_that_is_gone_has_no_settings(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    gone = tmp_path / "gone"
    gone.mkdir()
    monkeypatch.chdir(gone)
    gone.rmdir()
    assert load_settings({}, {}).origins["ocr"] == "default"
