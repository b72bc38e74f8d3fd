"""Ask `ferdash serve` about pictures and a video, with nothing but the httpx package.

ferdash serve                                   # in another terminal
python examples/client.py photo.jpg talk.mp4    # FERDASH_URL and FERDASH_TOKEN say where, and who asks
"""

import os
import sys
import time
from pathlib import Path

import httpx


def connect() -> httpx.Client:
    """A client of the server that the environment names."""
    token = os.environ.get("FERDASH_TOKEN")
    headers = {"authorization": f"Bearer {token}"} if token else {}
    return httpx.Client(base_url=os.environ.get("FERDASH_URL", "http://127.0.0.1:8600"), headers=headers, timeout=120)


def ask(client: httpx.Client, method: str, path: str, **request: object) -> httpx.Response:
    """One request; what goes wrong is a problem document, and its detail a sentence."""
    answer = client.request(method, path, **request)  # type: ignore[arg-type]
    if answer.headers.get("content-type") == "application/problem+json":
        sys.exit(answer.json()["detail"])
    return answer


def main(files: list[Path]) -> None:
    """Pictures first, in one request; then each video as a job that is followed to its end."""
    videos = [path for path in files if path.suffix.lower() in (".mp4", ".mov", ".webm", ".avi", ".mkv")]
    pictures = [path for path in files if path not in videos]
    with connect() as client:
        if pictures:
            named = [("pictures", (path.name, path.read_bytes())) for path in pictures]
            for photo in ask(client, "POST", "/v1/predict", files=named).json()["photos"]:
                faces = ", ".join(f"{face['emotion']} {face['probability']:.2f}" for face in photo["faces"])
                print(f"{photo['file']}: {faces or photo['problem']}")
        for path in videos:
            with path.open("rb") as content:
                job = ask(client, "POST", "/v1/videos", files={"video": (path.name, content)}).json()
            while job["state"] in ("queued", "running"):
                time.sleep(0.5)
                job = ask(client, "GET", f"/v1/analyses/{job['id']}").json()
            print(f"{path.name}: {job['error'] or job['state']}")
            if job["tables"]:
                table = ask(client, "GET", f"/v1/analyses/{job['id']}/tables/segments.csv").text
                print(table, end="")
            ask(client, "DELETE", f"/v1/analyses/{job['id']}")


if __name__ == "__main__":
    main([Path(name) for name in sys.argv[1:]])
