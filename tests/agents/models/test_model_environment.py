"""Environment of a model: proxies, certificates, addresses, and recordings edited by hand."""

import pytest

from aurora.errors import ModelError
from aurora.tools.recording import Recording
from tests.agents.models.test_metered import environment, failed, replying  # noqa: F401  # the fixture
from tests.agents.models.test_nonconforming_servers import TEXT, answer, model, said


@pytest.mark.parametrize(
    ("variable", "value", "told"),
    [
        ("ALL_PROXY", "socks5://127.0.0.1:1", "check the proxy"),
        ("HTTPS_PROXY", "ftp://x", "check the proxy"),
        ("SSL_CERT_FILE", "/absent.pem", "SSL_CERT_FILE"),
        ("OPENAI_BASE_URL", "localhost:8000/v1", "OPENAI_BASE_URL is 'localhost.*write one such as"),
        ("OPENAI_BASE_URL", "", "or unset it"),
        ("OPENAI_BASE_URL", "http://127.0.0.1:99999/v1", "no address"),
        ("OPENAI_BASE_URL", "http://a b/v1", "no address"),
        ("OPENAI_PROXY", "http://127.0.0.1:1", "HTTPS_PROXY"),
    ],
)
def test_a_setting_that_blocks_the_server_is_named(environment, monkeypatch, variable, value, told) -> None:  # noqa: F811
    environment("http://127.0.0.1:1")
    monkeypatch.setenv(variable, value)
    with pytest.raises(ModelError, match=told):
        model()


def test_a_recorded_answer_of_the_wrong_shape_is_reported(environment, tmp_path) -> None:  # noqa: F811
    path = tmp_path / "calls.jsonl"
    with replying(said(TEXT)) as (url, _), Recording(path) as recording:
        environment(url)
        answer(model(recording=recording))
    path.write_text(path.read_text().replace('"ai"', '"odd"'))
    with Recording(path, replaying=True) as recording, pytest.raises(ModelError, match="can't be read"):
        answer(model(recording=recording))


def test_a_damaged_record_of_an_abandoned_question_is_reported(environment, tmp_path) -> None:  # noqa: F811
    path = tmp_path / "calls.jsonl"
    with replying(failed(401, "bad key")) as (url, _), Recording(path) as recording:
        environment(url)
        with pytest.raises(ModelError, match="refused the key"):
            answer(model(recording=recording))
    with Recording(path, replaying=True) as recording, pytest.raises(ModelError, match="refused the key"):
        answer(model(recording=recording))
    path.write_text(path.read_text().replace('"retryable"', '"retried"'))
    with Recording(path, replaying=True) as recording, pytest.raises(ModelError, match="can't be read"):
        answer(model(recording=recording))
