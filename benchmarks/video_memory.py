"""Memory that the analysis of a long video takes beside that of a short one.

    python benchmarks/video_memory.py CLIP [--short 1] [--long 10] [--model fernet]

The clip is repeated without encoding it again until it lasts so many minutes. Each length is analysed in a process of
its own, and the greatest resident memory is compared.
"""

import argparse
import os
import platform
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import av

BAR = 1.2


def repeated(clip: Path, minutes: float, target: Path) -> Path:
    """The clip's video one after another, packets unchanged, until it lasts `minutes`."""
    with av.open(str(clip)) as source, av.open(str(target), "w") as container:
        stream = source.streams.video[0]
        copy = container.add_stream_from_template(stream)
        packets = [packet for packet in source.demux(stream) if packet.size]
        length = max(packet.pts + (packet.duration or 1) for packet in packets) - min(p.pts for p in packets)
        rounds = -(-round(minutes * 60 / float(stream.time_base)) // length)
        content = [(bytes(packet), packet.pts, packet.dts, packet.is_keyframe) for packet in packets]
        for number in range(rounds):
            for data, pts, dts, key in content:
                packet = av.Packet(data)
                packet.stream, packet.time_base, packet.is_keyframe = copy, stream.time_base, key
                packet.pts, packet.dts = pts + number * length, dts + number * length
                container.mux(packet)
    return target


def analyse(video: Path, model: str) -> None:
    """In a process of its own: analyse the video and print frames, seconds and greatest memory in MB."""
    from ferdash.analyses.execution import execute
    from ferdash.analyses.jobs import create_video_analysis
    from ferdash.inference.detector import load_detector
    from ferdash.models.loading import load_model
    from ferdash.paths import checkpoints_root
    from ferdash.video.analysis import AnalysisSettings

    with tempfile.TemporaryDirectory() as folder:
        analysis = create_video_analysis(Path(folder), video, AnalysisSettings(), model=model)
        started = time.perf_counter()
        execute(analysis, load_model(model, checkpoints_root()), load_detector("centerface", checkpoints_root()))
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / (1024 if sys.platform != "darwin" else 1024**2)
        print(analysis.info["frames"], time.perf_counter() - started, peak)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("clip", type=Path)
    parser.add_argument("--short", type=float, default=1.0)
    parser.add_argument("--long", type=float, default=10.0)
    parser.add_argument("--model", default="fernet")
    parser.add_argument("--child", action="store_true", help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.child:
        analyse(arguments.clip, arguments.model)
        return
    print(f"{platform.machine()}, Python {platform.python_version()}, load {os.getloadavg()[0]:.1f}")
    peaks = []
    for minutes in (arguments.short, arguments.long):
        with tempfile.TemporaryDirectory() as folder:
            video = repeated(arguments.clip, minutes, Path(folder) / f"loop{arguments.clip.suffix}")
            command = [sys.executable, __file__, str(video), "--model", arguments.model, "--child"]
            frames, seconds, peak = subprocess.run(
                command, check=True, stdout=subprocess.PIPE, text=True
            ).stdout.split()
        peaks.append(float(peak))
        print(f"{minutes:4g} min  {int(frames):7,} frames in {float(seconds):6.1f} s, at most {float(peak):,.0f} MB")
    print(f"ratio     {peaks[1] / peaks[0]:.3f} (the bar is {BAR:g})")


if __name__ == "__main__":
    main()
