"""What is said of the network and the camera."""

import json

from ferdash.diagnosis.network import camera, network


def test_nothing_goes_out_and_listening_names_the_options():
    found = {check.name: check for check in network()}
    assert found["sent"].found.startswith("Nothing")
    assert "--server.address 0.0.0.0 --server.allowedHosts NAME" in found["listening"].advice
    assert not [check for check in found.values() if check.state == "failed"]


def test_offline_is_said(monkeypatch):
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    assert "HF_HUB_OFFLINE" in network()[1].found


def test_ice_servers_none_some_and_wrong(monkeypatch):
    monkeypatch.delenv("FERDASH_ICE_SERVERS", raising=False)
    assert camera()[1].state == "good"
    monkeypatch.setenv("FERDASH_ICE_SERVERS", json.dumps([{"urls": "stun:stun.example.org"}]))
    assert camera()[1].found.startswith("stun:stun.example.org;")
    monkeypatch.setenv("FERDASH_ICE_SERVERS", "stun")
    assert camera()[1].state == "failed"
    assert "is not JSON" in camera()[1].advice
