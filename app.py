"""The app: page configuration and navigation. Start it with ``streamlit run app.py``.

Streamlit imports this file once, for the server that it finds in ``app``, and runs it as a script for every visitor.
"""

from pathlib import Path

import streamlit as st

from bertdemo.ui.kit import errors, resources, texts

# What is chosen (a tab, one of several views) is written in the theme's link colour: in the dark, its primary colour
# has too little contrast on the page. A name that is longer than its picker ends in an ellipsis; the list of runs is
# as wide as their names. On a phone tabs take two rows, and tables less air, so that nothing is hidden.
STYLE = """<style>
[data-variant][data-selected="true"] p, [role="tab"][aria-selected="true"] p { color: light-dark(#2B5F9E, #8DB8EC) }
[data-testid="stSelectbox"] [role="combobox"] { text-overflow: ellipsis }
[data-testid="stSelectboxVirtualDropdown"]:has([aria-label="Run"]) { min-width: min(34rem, 100vw - 2rem) }
@media (max-width: 480px) { [data-testid="stTabs"] [role="tablist"] { flex-wrap: wrap; row-gap: 0 }
  [data-testid="stTable"] :is(td, th) { padding-inline: 0.2rem; overflow-wrap: anywhere } }
</style>"""


def main() -> None:
    """Show what a visitor sees: the page that the address names, below the navigation."""
    icon = Path(__file__).parent / ".streamlit" / "icon.svg"  # a file of ours: named icons are fetched from a network
    st.set_page_config(page_title="BERT demo", page_icon=str(icon), layout="centered")
    page = st.navigation(
        [
            st.Page("pages/home.py", title="Home", default=True),
            st.Page("pages/fine_tune.py", title="Fine-tune"),
            st.Page("pages/predict.py", title="Predict"),
            st.Page("pages/explain.py", title="Explain"),
            st.Page("pages/runs.py", title="Runs"),
        ],
        position="top",
    )
    st.html(STYLE)
    texts.enter_asks()
    texts.keep(page.url_path)
    with errors.shown():
        try:
            page.run()
        finally:  # what is drawn is on its way to the browser; a page may also end by an exception of Streamlit's
            resources.warm_up()


if __name__ == "__main__":
    main()
else:
    from starlette.middleware import Middleware
    from starlette.routing import Mount

    from bertdemo.api.guarding import Api, Guarded

    api = Api(resources.settings, resources.runs, resources.models)
    addresses = [st.get_option("server.address") or "", *filter(None, [st.get_option("browser.serverAddress")])]
    guarded = Middleware(Guarded, resources.settings, addresses)
    app = st.App(__file__, lifespan=resources.before_first_visitor, routes=[Mount("/api", api)], middleware=[guarded])
