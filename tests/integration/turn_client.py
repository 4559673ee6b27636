"""A caller made of aiortc that takes the ICE servers of its `session` message: turn_client.py WS-URL. Prints "heard" and the
kind of its local candidate once it has received audio for a second."""

import asyncio
import sys

import numpy as np
from aiortc import RTCConfiguration, RTCIceServer, RTCPeerConnection, RTCSessionDescription

import audio
import harness
from rtc import Speech
from wire import Wire

N_FRAMES = 50  # of 20 ms
LOUD = 1000


def loud_frames(frames):
    return sum(np.abs(frame.to_ndarray()).max() > LOUD for frame in frames)


async def main(url):
    samples, rate = audio.read_wav(harness.PHRASE)
    frames = []
    async with Wire(url) as wire:
        session = await wire.wait("session")
        servers = [RTCIceServer(urls=server["urls"], username=server.get("username"), credential=server.get("credential"))
                   for server in session["iceServers"]]
        peer = RTCPeerConnection(RTCConfiguration(iceServers=servers))
        peer.addTrack(Speech(np.tile(samples, 10), rate))
        track = asyncio.get_running_loop().create_future()
        peer.on("track", track.set_result)
        await peer.setLocalDescription(await peer.createOffer())
        await wire.offer(peer.localDescription.sdp)
        answer = await wire.wait("answer")
        await peer.setRemoteDescription(RTCSessionDescription(answer["sdp"], "answer"))
        while loud_frames(frames) < N_FRAMES:
            frames.append(await (await track).recv())
        transport = peer.getTransceivers()[0].sender.transport.transport.iceGatherer
        pair = transport._connection._nominated[1]  # aiortc has no getter
        print("heard", session["id"], pair.local_candidate.type, flush=True)
        await wire.send("bye", {})
        await peer.close()


asyncio.run(asyncio.wait_for(main(sys.argv[1]), 90))
