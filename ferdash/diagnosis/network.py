"""What ferdash would say to other computers, and what changes when it listens to them."""

import os

from ferdash.diagnosis.check import Check, State
from ferdash.errors import ConfigError
from ferdash.live.ice import ice_servers


def network() -> list[Check]:
    """What goes over the network: nothing by itself. Then what a person can ask for, and what listening means."""
    offline = os.environ.get("HF_HUB_OFFLINE", "") not in ("", "0")
    sent = "Nothing: no pictures, no check for updates; the reports of Streamlit and ONNX Runtime are switched off"
    fetched = "Only on a click or a command: a model of the Hugging Face Hub, FER2013 from Kaggle, the detector YuNet"
    return [
        Check(
            "Network",
            "sent",
            State.GOOD,
            sent,
        ),
        Check("Network", "fetched", State.GOOD, fetched + ("; HF_HUB_OFFLINE forbids the first" if offline else "")),
        Check(
            "Network",
            "listening",
            State.NOTE,
            "The app and `ferdash serve` answer this computer alone",
            "For others: `ferdash app --server.address 0.0.0.0 --server.allowedHosts NAME`, NAME being what they type "
            "into the browser; then anybody who reaches it sees all data and can train. Paths are read only from "
            "FERDASH_FOLDERS then, and nothing is deleted unless FERDASH_MAY_DELETE=yes; for accounts and encryption "
            "put a proxy in front. `ferdash serve --host 0.0.0.0` asks for a token.",
        ),
    ]


def camera() -> list[Check]:
    """What the Live page needs of the browser, and the servers that help it through a network, if any are named."""
    https = Check(
        "Camera",
        "browser",
        State.NOTE,
        "Browsers lend the camera only to localhost and to https",
        "From elsewhere: `ferdash app --server.sslCertFile CERT --server.sslKeyFile KEY`, or a proxy with https.",
    )
    try:
        servers = ice_servers(os.environ.get("FERDASH_ICE_SERVERS"))
    except ConfigError as error:
        return [https, Check("Camera", "ICE servers", State.FAILED, "FERDASH_ICE_SERVERS cannot be read", str(error))]
    if servers:
        urls = ", ".join(url for server in servers for url in server["urls"])
        return [https, Check("Camera", "ICE servers", State.NOTE, f"{urls}; the browser's address goes there")]
    return [
        https,
        Check("Camera", "ICE servers", State.GOOD, "none; enough on this computer and in most local networks"),
    ]
