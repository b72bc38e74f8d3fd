"""How long a switch of pages takes while many people use the app at once.

    python benchmarks/load.py --people 60

Starts the app on a drawn dataset of its own and connects so many clients, which speak Streamlit's protocol as a browser
does but draw nothing. Each switches pages at random, 1 to 3 s after the last one was there. A switch lasts from asking
for a page to the end of its script.
"""

import argparse
import asyncio
import random
import socket
import tempfile
import time
from pathlib import Path

import numpy as np
import psutil
import websockets
from page_switching import start_app
from streamlit.proto.BackMsg_pb2 import BackMsg
from streamlit.proto.ForwardMsg_pb2 import ForwardMsg

from ferdash.data.demo import make_demo

THINKS_S = (1.0, 3.0)
PAGES = ("overview", "dataset", "experiments", "train", "predict", "video")


async def run_script(connection: websockets.ClientConnection, page: str = "", name: str = "") -> dict[str, str]:
    """Ask for a page and wait for the end of its script; hashes of the pages by name."""
    asked = BackMsg()
    asked.rerun_script.page_script_hash, asked.rerun_script.page_name = page, name
    asked.rerun_script.query_string = ""
    await connection.send(asked.SerializeToString())
    pages: dict[str, str] = {}
    while True:
        told = ForwardMsg.FromString(await connection.recv())  # type: ignore[arg-type]
        if told.WhichOneof("type") == "navigation":
            pages = {one.url_pathname or "overview": one.page_script_hash for one in told.navigation.app_pages}
        if told.WhichOneof("type") == "script_finished":
            return pages


async def warm_up(port: int) -> None:
    """See each page twice, so that everything is imported and cached."""
    origin = f"http://localhost:{port}"
    async with websockets.connect(f"ws://localhost:{port}/_stcore/stream", origin=origin, max_size=None) as connection:  # type: ignore[arg-type]
        pages = await run_script(connection)
        for name in 2 * PAGES:
            await run_script(connection, pages[name], name)


async def visit(port: int, until: float, taken: list[float], seed: int) -> None:
    """One person, until the time comes."""
    rng = random.Random(seed)
    await asyncio.sleep(rng.uniform(*THINKS_S))
    origin = f"http://localhost:{port}"
    async with websockets.connect(f"ws://localhost:{port}/_stcore/stream", origin=origin, max_size=None) as connection:  # type: ignore[arg-type]
        pages = await run_script(connection)
        while time.monotonic() < until:
            await asyncio.sleep(rng.uniform(*THINKS_S))
            name = rng.choice([one for one in PAGES if one in pages])
            began = time.perf_counter()
            await run_script(connection, pages[name], name)
            taken.append(time.perf_counter() - began)


async def load(port: int, people: int, seconds: float) -> list[float]:
    """Seconds of each switch of all people, those of the first 10 s left out."""
    taken: list[float] = []
    until = time.monotonic() + 10 + seconds
    visits = [asyncio.create_task(visit(port, until, taken, number)) for number in range(people)]
    await asyncio.sleep(10)
    first = len(taken)
    await asyncio.gather(*visits)
    return taken[first:]


def main() -> None:
    """Print median and 95th percentile, and what a switch costs the app in processor time."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--people", type=int, nargs="*", default=[20, 60])
    parser.add_argument("--seconds", type=float, default=20.0)
    arguments = parser.parse_args()
    with socket.socket() as probe:
        probe.bind(("localhost", 0))
        port = probe.getsockname()[1]
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        make_demo(folder / "data", images=1400)
        app = start_app(folder, port)
        try:
            asyncio.run(warm_up(port))
            for people in arguments.people:
                before = sum(psutil.Process(app.pid).cpu_times()[:2])
                taken = asyncio.run(load(port, people, arguments.seconds))
                spent = sum(psutil.Process(app.pid).cpu_times()[:2]) - before
                middle, high = np.percentile(taken, [50, 95])
                each = 1000 * spent / (len(taken) * (1 + 10 / arguments.seconds))
                print(
                    f"{people} people: {len(taken):,} switches, median {middle:.2f} s, 95th percentile {high:.2f} s; "
                    f"about {each:.0f} ms of processor time each, "
                    f"{psutil.Process(app.pid).memory_info().rss / 1e6:,.0f} MB",
                    flush=True,
                )
        finally:
            app.terminate()
            app.wait()


if __name__ == "__main__":
    main()
