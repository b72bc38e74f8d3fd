"""What the server does before anybody has come."""

import os
import subprocess
import sys
from pathlib import Path

PROJECT = Path(__file__).parents[2]
START = """
import asyncio, sys
import streamlit_app

async def start():
    sleep = asyncio.sleep
    asyncio.sleep = lambda seconds: sleep(0)  # what is done every ten seconds is done at once
    async with streamlit_app.at_work(streamlit_app.app):
        for _ in range(20):
            await sleep(0)

asyncio.run(start())
print("pages" in sys.modules)
"""


def test_pages_are_first_imported_by_a_visit() -> None:
    """Otherwise the first visitor who follows a link to a page sees it without navigation and model."""
    environment = os.environ | {"STREAMLIT_SERVER_HEADLESS": "true", "PYTHONPATH": str(PROJECT)}
    done = subprocess.run(
        [sys.executable, "-c", START],
        cwd=PROJECT,
        env=environment,
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
    )
    assert done.stdout.split() == ["False"]
