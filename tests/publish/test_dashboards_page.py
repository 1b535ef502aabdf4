"""docs/dashboards.md says what both renderings show."""

from tests.publish.dashboards_page import POST, ROOT, page
from tests.publish.quicksight import bodies, dashboard, sound


def test_the_page_is_current() -> None:
    """If not: python -m tests.publish.dashboards_page > docs/dashboards.md."""
    assert (ROOT / "docs/dashboards.md").read_text(encoding="utf-8") == page()


def test_the_ten_visuals_of_the_post_are_in_both() -> None:
    drawn = "".join(path.read_text(encoding="utf-8") for path in (ROOT / "publish/page/app/pages").glob("*.js"))

    assert len(POST) == 10
    assert POST.keys() <= bodies(dashboard(sound())).keys()
    assert {name for name in POST if f'"{name}"' not in drawn} == set()
