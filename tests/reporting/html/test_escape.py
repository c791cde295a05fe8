from __future__ import annotations

import html
import json

import fixture_studies as studies
import pytest
from reporting.documents import IMAGE, LINK, MARKUP, Document, read

from hpo.reporting import write_report
from hpo.reporting.html.escape import json_block, label


@pytest.fixture(scope="module")
def hostile(tmp_path_factory):
    return studies.hostile_study(tmp_path_factory.mktemp("hostile"))


def test_text_from_outside_never_becomes_markup(hostile):
    document = read(hostile)
    tags = [tag for tag, _found in document.elements]
    assert tags.count("script") == 3  # the figures, plotly.js, and the page's own
    assert not {"img", "b"} & set(tags)
    assert not [name for _tag, found in document.elements for name in found if name[:2] == "on"]
    for text in (MARKUP, IMAGE, LINK):
        assert " ".join(text.split()) in document.text


def test_text_in_figures_is_escaped_for_plotly_and_for_the_script(hostile):
    page = write_report(hostile).read_text(encoding="utf-8")
    block = page.partition('id="script-data">')[2].partition("</script>")[0]
    assert not set("<>&") & set(block)
    labels = Document(page).figures["predictions-0-0-confusion"]["data"][0]["x"]
    assert labels[0] == "&lt;script&gt;window.hacked=1…"
    assert "<" not in "".join(labels)


def test_labels_are_cut_flattened_and_escaped():
    assert label("a\n<b>&amp;</b>") == "a &lt;b&gt;&amp;amp;&lt;/b&gt;"
    assert len(html.unescape(label("x" * 500, 24))) == 24


def test_a_json_block_means_the_same_after_escaping():
    content = {"a": "</script>&\u2028 \u00e9", "b": [1, None]}
    assert json.loads(json_block(json.dumps(content, ensure_ascii=False))) == content
