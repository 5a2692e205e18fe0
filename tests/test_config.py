"""Where options come from, which of them wins, and what a mistake says."""

from __future__ import annotations

import tomllib
from pathlib import Path

import pytest

from app.cli.config_text import effective, example
from app.kernel.config import Config, format_size, parse_size
from app.kernel.config_sources import ConfigError, load, options


def written(folder: Path, text: str) -> Path:
    file = folder / "darkroom.toml"
    file.write_text(text)
    return file


def test_nothing_set_gives_the_defaults() -> None:
    assert load(None, {}, {}) == Config()
    assert Config().http.listen == "127.0.0.1"
    assert Config().quota.default == 10 << 30


def test_flags_win_over_the_environment_and_that_over_the_file(tmp_path: Path) -> None:
    file = written(tmp_path, '[http]\nport = 1001\nlisten = "::1"\n[quota]\ndefault = "1GiB"\n')
    assert load(file, {}, {}).http.port == 1001
    env = {"DARKROOM_HTTP_PORT": "1002", "DARKROOM_QUOTA_DEFAULT": "2 GB"}
    assert load(file, env, {}).http.port == 1002
    config = load(file, env, {"http.port": "1003", "http.listen": None})
    assert config.http.port == 1003
    assert config.http.listen == "::1"
    assert config.quota.default == 2_000_000_000


def test_the_environment_names_the_file_where_no_flag_does(tmp_path: Path) -> None:
    file = written(tmp_path, "[http]\nport = 1001\n")
    assert load(None, {"DARKROOM_CONFIG": str(file)}, {}).http.port == 1001
    with pytest.raises(ConfigError, match=r"^--config: cannot read /nowhere/x: No such file"):
        load(Path("/nowhere/x"), {"DARKROOM_CONFIG": str(file)}, {})


def test_lists_truths_and_nested_tables_from_the_environment() -> None:
    config = load(
        None,
        {
            "DARKROOM_HTTP_TRUSTED_PROXIES": "127.0.0.1, 10.0.0.0/8",
            "DARKROOM_STORAGE_PROXY": "yes",
            "DARKROOM_LIMITS_SENSITIVE_COUNT": "3",
            "DARKROOM_PUBLIC_URL": "https://photos.example.org/",
            "DARKROOM_TEST_ANYTHING": "ignored",
            "HOME": "/root",
        },
        {},
    )
    assert config.http.trusted_proxies == ("127.0.0.1", "10.0.0.0/8")
    assert config.storage[0].proxy is True
    assert config.limits.sensitive.count == 3
    assert config.limits.sensitive.seconds == Config().limits.sensitive.seconds
    assert config.public_url == "https://photos.example.org"


def test_the_environment_changes_the_first_store_of_the_file(tmp_path: Path) -> None:
    file = written(tmp_path, '[[storage]]\nname = "new"\nkind = "s3"\n[[storage]]\nname = "old"\n')
    config = load(file, {"DARKROOM_STORAGE_BUCKET": "photos"}, {})
    assert [(s.name, s.kind, s.bucket) for s in config.storage] == [("new", "s3", "photos"), ("old", "filesystem", None)]


def test_a_secret_may_come_from_a_file(tmp_path: Path) -> None:
    secret = tmp_path / "url"
    secret.write_text("postgresql://alice:hush@db/photos\n")
    config = load(None, {"DARKROOM_DATABASE_URL_FILE": str(secret)}, {})
    assert config.database.url is not None
    assert config.database.url.get_secret_value() == "postgresql://alice:hush@db/photos"
    assert "hush" not in repr(config)
    assert "hush" not in effective(config, redact=True)
    assert "hush" in effective(config, redact=False)
    both = {"DARKROOM_DATABASE_URL_FILE": str(secret), "DARKROOM_DATABASE_URL": "postgresql://x"}
    with pytest.raises(ConfigError, match=r"^database\.url: .* both set"):
        load(None, both, {})
    with pytest.raises(ConfigError, match=r"^database\.url: cannot read /nowhere"):
        load(None, {"DARKROOM_DATABASE_URL_FILE": "/nowhere"}, {})
    with pytest.raises(ConfigError, match=r"^DARKROOM_HTTP_PORT_FILE: no option"):
        load(None, {"DARKROOM_HTTP_PORT_FILE": str(secret)}, {})


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("[http]\nprot = 1\n", "http.prot: no such option"),
        ("[htpp]\nport = 1\n", "htpp: no such option"),
        ("nonsense = 1\n", "nonsense: no such option"),
        ('[http]\nport = "8080"\n', "http.port: should be a whole number"),
        ("[http]\nport = true\n", "http.port: should be a whole number"),
        ("[http]\nport = 8.5\n", "http.port: should be a whole number"),
        ("[http]\nport = 70000\n", "http.port: should be less than or equal to 65535"),
        ("[http]\nlisten = 1\n", "http.listen: should be a valid string"),
        ('[http]\ntrusted_proxies = ["banana"]\n', "http.trusted_proxies: 'banana'"),
        ('http = "8080"\n', "http: should be"),
        ('[quota]\ndefault = "ten"\n', "quota.default: should be a number of bytes or a text"),
        ("[quota]\ndefault = -1\n", "quota.default: should be greater"),
        ("[quota]\ndefault = true\n", "quota.default: should be a number of bytes"),
        ('[registration]\nmode = "ajar"\n', "registration.mode: should be 'first', 'open', 'invite' or 'closed'"),
        ('[[storage]]\nkind = "tape"\n', "storage.kind: should be"),
        ('[[storage]]\nproxy = 1\n', "storage.proxy: should be true or false"),
        ('[[storage]]\n[[storage]]\nnme = "x"\n', "storage.1.nme: no such option"),
        ('[database]\nurl = "mysql://x"\n', "database.url: should begin with postgresql://"),
        ('public_url = "photos.example.org"\n', "public_url: should be an http"),
        ("data_dir = 1979-05-27\n", "data_dir: "),
        ("[http\n", "--config: "),
    ],
)  # fmt: skip
def test_a_mistake_is_one_line_with_the_options_name(tmp_path: Path, text: str, says: str) -> None:
    with pytest.raises(ConfigError) as e:
        load(written(tmp_path, text), {}, {})
    assert str(e.value).startswith(says)
    assert "\n" not in str(e.value)
    assert "darkroom.toml" in str(e.value)


@pytest.mark.parametrize(
    ("name", "value", "says"),
    [
        ("DARKROOM_HTTP_PROT", "1", "DARKROOM_HTTP_PROT: no option has this environment variable"),
        ("DARKROOM_HTTP", "1", "DARKROOM_HTTP: no option"),
        ("DARKROOM_OTP_FIXED", "x", "DARKROOM_OTP_FIXED: no option"),
        ("DARKROOM_HTTP_PORT", "many", "http.port: should be a whole number (DARKROOM_HTTP_PORT)"),
        ("DARKROOM_STORAGE_PROXY", "maybe", "storage.proxy: should be true or false (DARKROOM_STORAGE_PROXY)"),
        ("DARKROOM_DATABASE_URL", "hush", "database.url: should begin with postgresql:// (DARKROOM_DATABASE_URL)"),
    ],
)
def test_a_mistake_in_the_environment_names_the_variable(name: str, value: str, says: str) -> None:
    with pytest.raises(ConfigError) as e:
        load(None, {name: value}, {})
    assert str(e.value).startswith(says)
    assert "hush" not in str(e.value)


def test_every_option_has_one_variable_and_a_description() -> None:
    names = [o.variable for o in options() if o.variable]
    assert len(names) == len(set(names))
    assert {"DARKROOM_DATA_DIR", "DARKROOM_HTTP_PORT", "DARKROOM_PUBLIC_URL", "DARKROOM_DATABASE_URL", "DARKROOM_STORAGE_BUCKET"} <= set(names)
    assert [o.name for o in options() if not o.field.description] == []


def test_the_example_with_its_defaults_switched_on_is_the_default(tmp_path: Path) -> None:
    switched = [line.removeprefix("# ") if " = " in line and not unset(line) else line for line in example().splitlines()]
    assert load(written(tmp_path, "\n".join(switched)), {}, {}) == Config()
    assert tomllib.loads(example()).keys() == {"http", "storage", *Config.model_fields} - {"data_dir", "public_url"}


def unset(line: str) -> bool:
    """Prose, or an option without a default."""
    key = line.removeprefix("# ").partition(" = ")[0]
    return not key.isidentifier() or key in {o.path[-1] for o in options() if o.default is None}


def test_what_is_in_force_can_be_read_again(tmp_path: Path) -> None:
    text = '[otp.fixed]\n"@example.org" = "123456"\n[[storage]]\nname = "a"\n[[storage]]\nname = "b"\n[limits.sensitive]\ncount = 1\nseconds = 2\n'
    config = load(written(tmp_path, text), {}, {})
    assert load(written(tmp_path, effective(config, redact=False)), {}, {}) == config
    assert "123456" not in effective(config, redact=True)


@pytest.mark.parametrize("text", ["0", "1", "999", "1kB", "1KiB", "500MB", "50MiB", "10GiB", "5GB", "2TiB"])
def test_sizes_are_written_as_they_are_read(text: str) -> None:
    size = parse_size(int(text) if text.isdecimal() else text)
    assert isinstance(size, int)
    assert format_size(size) == text


def test_a_size_may_be_rounded_for_people() -> None:
    assert [format_size(n, exact=False) for n in (0, 1023, 1536, 10 << 30)] == ["0B", "1023B", "1.5KiB", "10GiB"]


def test_options_that_need_each_other_are_named_together(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"^apps\.custom_domain_cname: nobody may have a domain; set"):
        load(written(tmp_path, '[apps]\ncustom_domain_cname = "albums.example.org"\n'), {}, {})
