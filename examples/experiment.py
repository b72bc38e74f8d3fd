"""A reaction-time experiment that asks `ferdash serve` what a camera sees after each stimulus.

    ferdash serve                                          # in another terminal
    python examples/experiment.py frames/ --consent yes    # frames/: pictures in order, in place of a camera

Who may do this: adults who take part in a study of their own free will, were told what is computed and can withdraw.
In the European Union, inferring emotions of pupils, students or people at work is prohibited (Regulation 2024/1689,
article 5(1)(f)), medical and safety reasons aside; probabilities of a face must not grade, select or discipline
anybody. A learning platform there must therefore not ask for them of its learners: what it can do is let those who
study such material, as researchers, run their own recordings through this API. The script refuses to start without
consent, keeps probabilities and no picture, and names no person.
"""

import argparse
import asyncio
import csv
import json
import sys
from pathlib import Path

import websockets

STIMULI = (("fixation", 0.0), ("picture A", 1.0), ("picture B", 3.0))
"""Name and onset in seconds. PsychoPy's clock would tell them as they happen."""

FRAMES_PER_S = 15.0
EMOTIONS = ("angry", "disgust", "fear", "happy", "neutral", "sad", "surprise")


async def watch(url: str, frames: list[Path], token: str | None) -> list[dict[str, object]]:
    """One row a frame: time, the stimulus that was on, and what the largest face shows."""
    rows = []
    headers = {"authorization": f"Bearer {token}"} if token else {}
    async with websockets.connect(url, additional_headers=headers) as socket:
        for number, frame in enumerate(frames):
            timestamp_s = number / FRAMES_PER_S
            await socket.send(json.dumps({"timestamp_s": timestamp_s}))
            await socket.send(frame.read_bytes())
            answer = json.loads(await socket.recv())
            shown = [name for name, onset_s in STIMULI if onset_s <= timestamp_s][-1]
            face = max(answer["faces"], key=lambda one: one["box_xyxy"][2] - one["box_xyxy"][0], default=None)
            seen = dict.fromkeys(EMOTIONS) if face is None else face["probabilities"]
            rows.append({"timestamp_s": round(timestamp_s, 4), "stimulus": shown, **seen})
    return rows


def main() -> None:
    """Ask for consent, watch, write a table."""
    parser = argparse.ArgumentParser(description="What a face shows after each stimulus.")
    parser.add_argument("frames", type=Path)
    parser.add_argument("--consent", choices=("yes", "no"), default="no")
    parser.add_argument("--url", default="ws://127.0.0.1:8600/v1/live")
    parser.add_argument("--token")
    asked = parser.parse_args()
    if asked.consent != "yes":
        sys.exit("Nobody is analysed without having agreed; read the top of this file, then use --consent yes.")
    rows = asyncio.run(watch(asked.url, sorted(asked.frames.glob("*.jpg")), asked.token))
    table = csv.DictWriter(sys.stdout, ["timestamp_s", "stimulus", *EMOTIONS])
    table.writeheader()
    table.writerows(rows)


if __name__ == "__main__":
    main()
