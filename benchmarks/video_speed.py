"""Every frame of a video analysed, end to end, against the time the video lasts; and where the time goes.

    python benchmarks/video_speed.py CLIP [--model fernet-plus] [--detector centerface] [--engine auto] [--repeats 5]

An analysis is made and carried through as the app does it: decoding, detection, following, classifying, writing. One
run goes first to warm up. Stages run side by side, so their times add up to more than what passes.
"""

import argparse
import os
import platform
import tempfile
import time
from pathlib import Path
from statistics import median

from ferdash.analyses.execution import execute
from ferdash.analyses.jobs import create_video_analysis
from ferdash.inference.detector import load_detector
from ferdash.models.catalogue import DEFAULT_MODEL
from ferdash.models.loading import load_model
from ferdash.paths import checkpoints_root
from ferdash.video.analysis import STAGES, AnalysisSettings

BAR = 10.0


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("clip", type=Path)
    parser.add_argument("--model", default=DEFAULT_MODEL)
    parser.add_argument("--detector", default="centerface")
    parser.add_argument("--engine", default="auto")
    parser.add_argument("--repeats", type=int, default=5)
    arguments = parser.parse_args()
    model = load_model(arguments.model, checkpoints_root(), engine=arguments.engine)
    detector = load_detector(arguments.detector, checkpoints_root())
    passed, cpu, stages = [], [], []
    with tempfile.TemporaryDirectory() as folder:
        for repeat in range(arguments.repeats + 1):
            analysis = create_video_analysis(Path(folder), arguments.clip, AnalysisSettings(), model=arguments.model)
            started, processor = time.perf_counter(), time.process_time()
            execute(analysis, model, detector)
            if repeat:
                passed.append(time.perf_counter() - started)
                cpu.append(time.process_time() - processor)
                stages.append(analysis.info["timings"])
        table, video = analysis.frames(), analysis.record["video"]
    seconds = median(passed)
    frames = table["frame"].nunique()
    busy = os.getloadavg()[0]
    print(f"{platform.machine()}, Python {platform.python_version()}, {os.cpu_count()} cores, load {busy:.1f}")
    print(
        f"{video['name']}: {frames:,} frames of {video['width']} x {video['height']}, {video['duration_s']:.1f} s, "
        f"{(table['reason'] == '').sum():,} faces classified"
    )
    print(f"analysed in      {seconds:.2f} s (median of {len(passed)}), {median(cpu):.2f} s of processor time")
    print(f"frames a second  {frames / seconds:.0f}")
    for stage in STAGES:
        print(f"  {stage:14} {median(one[stage] for one in stages):.2f} s")
    print(f"ratio            {video['duration_s'] / seconds:.1f} times real time (the bar is {BAR:g})")


if __name__ == "__main__":
    main()
