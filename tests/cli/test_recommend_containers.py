"""`aurora recommend containers`."""

import json

import pytest

from tests.cli.command import aurora


@pytest.fixture(scope="module")
def shop(tmp_path_factory):
    path = tmp_path_factory.mktemp("shop") / "shop.jsonl"
    assert "9 containers" in aurora("recommend", "containers", "--sample", str(path)).stderr
    return str(path)


def test_the_table_has_a_row_for_each_resource(shop):
    done = aurora("recommend", "containers", shop, "--core-price", "0.03", "--gib-price", "0.004")
    title, header, *rows = done.stdout.splitlines()
    assert title.startswith("# requests and limits by aurora")
    assert len(rows) == 18 and len({len(r.split("\t")) for r in [header, *rows]}) == 1
    web = dict(zip(header.split("\t"), rows[0].split("\t"), strict=True))
    assert web["container"] == "shop/deployment/web/app" and web["finding"] == "over"
    assert float(web["request"]) < float(web["request now"]) == 2
    assert "a month of 730 hours" in done.stderr and "back-tests" in done.stderr


@pytest.mark.parametrize("strategy", ["aurora", "krr", "vpa"])
def test_json_has_every_container(shop, strategy):
    data = json.loads(aurora("recommend", "containers", shop, "--strategy", strategy, "--json").stdout)
    assert data["strategy"] == strategy and len(data["containers"]) == 9
    mail = next(c for c in data["containers"] if c["workload"].endswith("mail"))
    assert mail["memory"]["finding"] == "unmeasured" and mail["memory"]["now"] == mail["memory"]["proposed"]


def test_reasons_are_printed_for_a_container(shop):
    done = aurora("recommend", "containers", shop, "--why", "shop/deployment/search/jvm")
    assert "heap" in done.stdout and "would change it: a lower maximum of the heap" in done.stdout
    refused = aurora("recommend", "containers", shop, "--why", "shop/deployment/absent/x", code=6)
    assert "--why" in refused.stderr


@pytest.mark.parametrize(
    ("words", "option"),
    [
        ((), "DATA"),
        (("FILE", "--core-price", "1"), "--core-price"),
        (("FILE", "--risk", "2"), "--risk"),
        (("FILE", "--prometheus", "http://127.0.0.1:9"), "--prometheus"),
        (("FILE", "--strategy", "goldilocks"), "--strategy"),
    ],
)
def test_bad_usage_names_the_option(shop, words, option):
    done = aurora("recommend", "containers", *(shop if w == "FILE" else w for w in words), code=2)
    assert option in done.stderr
