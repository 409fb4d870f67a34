"""Each symptom has a page with the messages, the causes and the rules."""

from __future__ import annotations

from kserve_wiring.doctor.symptoms import symptoms
from kserve_wiring.rules.catalogue import catalogue
from tools.site import documents
from tools.site import symptoms as site

PAGES = site.pages()
TABLE = {symptom.id: symptom for _, symptom in symptoms()}


def test_each_symptom_has_a_page_with_all_that_the_table_has() -> None:
    assert set(PAGES) == {f"symptoms/{name}.md" for name in TABLE}
    for name, symptom in TABLE.items():
        page = PAGES[f"symptoms/{name}.md"]
        assert all(example.strip() in page for example in symptom.examples), name
        assert page.count("  - To decide: ") == page.count("  - To change: ") == len(symptom.causes), name
        assert all(f"(../docs/rules/{code}.md)" in page for code in symptom.rules), name


def test_a_page() -> None:
    page = PAGES["symptoms/digest-no-such-host.md"]
    assert page.startswith(
        "# Knative's controller cannot resolve the name HOST, so it cannot turn the tag of IMAGE into"
    )
    assert "\n```text\nUnable to fetch image" in page
    assert f"- [KW102: {catalogue()['KW102'].title}](../docs/rules/KW102.md)\n" in page


def test_braces_of_commands_stay_and_brackets_are_markup_only_in_code() -> None:
    assert site._named("{host} has <none>: `kubectl get -o jsonpath={.a[*]} <NAME>`") == (
        "HOST has &lt;none>: `kubectl get -o jsonpath={.a[*]} <NAME>`"
    )


def test_the_navigation_has_each_page_once() -> None:
    listed = [name for section in site.navigation() for pages in section.values() for name in pages]
    assert sorted(listed) == sorted(PAGES)
    assert "symptoms/digest-no-such-host.md" in documents.as_json(site.navigation())
