#!/usr/bin/env bash
# In Streamlit 1.67.0 a text area with persist_state="session" is empty on the next page, if its text came from the script.
#
# Expected: what st.session_state holds for such a widget is in its box on every page that draws it, whoever put it there.
# Seen:     a text that the script put in before the box was first drawn is shown, and returned, on the first page. On the
#           next one session_state holds it until the box is drawn; the box is then empty, returns "", and session_state
#           holds "". A text that a person has typed stays. Assigning session_state[key] to itself on another page keeps it.
# Whoever fills a box from a link does so again once the page is another one. Needs Chromium (CHROMIUM names another path).
set -euo pipefail
chromium=${CHROMIUM:-$(command -v chromium || command -v chromium-browser || command -v google-chrome)}
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
python3 -m venv venv
venv/bin/pip install --quiet streamlit==1.67.0 playwright==1.61.0
cat > app.py <<'PYTHON'
import os

import streamlit as st


def draw(name):
    state = st.session_state
    if "box" not in state:
        state["box"] = "from a link"
    elif "ASSIGN" in os.environ and state["page"] != name:
        state["box"] = state["box"]
    state["page"] = name
    before = state["box"]
    value = st.text_area("Box", key="box", persist_state="session")
    st.text(f"{name}: before {before!r}, value {value!r}")
    st.page_link(pages["second" if name == "first" else "first"], label="To the other page")


def first():
    draw("first")


def second():
    draw("second")


pages = {"first": st.Page(first, default=True), "second": st.Page(second)}
st.navigation(list(pages.values())).run()
PYTHON
cat > look.py <<'PYTHON'
import os
import socket
import subprocess
import sys
import time
import urllib.request

from playwright.sync_api import sync_playwright

with socket.socket() as probe:
    probe.bind(("127.0.0.1", 0))
    port = probe.getsockname()[1]
options = f"--server.headless=true --server.address=127.0.0.1 --server.port={port} --browser.gatherUsageStats=false"
server = subprocess.Popen([sys.executable, "-m", "streamlit", "run", "app.py", *options.split()], stdout=subprocess.DEVNULL)
try:
    for _ in range(300):
        try:
            urllib.request.urlopen(f"http://127.0.0.1:{port}/_stcore/health")
            break
        except OSError:
            time.sleep(0.2)
    with sync_playwright() as playwright:
        flags = ["--headless", "--no-sandbox", "--disable-gpu"]
        browser = playwright.chromium.launch(executable_path=sys.argv[1], args=flags)
        for typed in ("", "typed"):
            page = browser.new_page()
            page.goto(f"http://127.0.0.1:{port}")
            page.get_by_text("first: before").wait_for()
            if typed:
                page.get_by_label("Box").fill(typed)
                page.get_by_label("Box").press("Control+Enter")
                page.get_by_text("value 'typed'").wait_for()
            page.get_by_role("link", name="To the other page").click()
            page.get_by_text("second: before").wait_for()
            page.wait_for_timeout(2000)
            shown, told = page.get_by_label("Box").input_value(), page.get_by_text("second: before").inner_text()
            print(f"assigned anew: {'ASSIGN' in os.environ}; {typed or 'not typed'}: {told}; shown {shown!r}", flush=True)
            expected = typed or ("from a link" if "ASSIGN" in os.environ else "")
            assert shown == expected and told.endswith(f"value {expected!r}")
            assert f"before {typed or 'from a link'!r}" in told
        browser.close()
finally:
    server.terminate()
    server.wait()
PYTHON
venv/bin/python -c "import platform, streamlit; print(f'Python {platform.python_version()}, streamlit {streamlit.__version__}')"
venv/bin/python look.py "$chromium"
ASSIGN=1 venv/bin/python look.py "$chromium"
