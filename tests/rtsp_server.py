"""A real RTSP server, GStreamer's, for the system's Python, which has Debian's python3-gi.

Prints its TCP port and streams rtsp://127.0.0.1:PORT/top until its standard input closes: a ball at
640 × 480 px, 25 times a second, or with --fed the pictures that come over standard input: width,
height and time in µs (three unsigned 64-bit numbers), then blue-green-red.
"""

import argparse
import struct
import sys
import threading

import gi

gi.require_version("Gst", "1.0")
gi.require_version("GstRtspServer", "1.0")
from gi.repository import GLib, Gst, GstRtspServer  # noqa: E402

CODECS = {
    "jpeg": "video/x-raw,format=I420 ! jpegenc quality=95 ! rtpjpegpay name=pay0 pt=26",
    "h264": "video/x-raw,format=I420 ! x264enc tune=zerolatency key-int-max=10 "
    "! rtph264pay name=pay0 pt=96",
}
BALL = (
    "videotestsrc is-live=true pattern=ball ! video/x-raw,width=640,height=480,framerate=25/1"
    " ! videoconvert"
)
FED = "appsrc name=source is-live=true format=time ! videoconvert"
HEAD = struct.Struct("<QQQ")


class Feed:
    """Puts the pictures of standard input into the stream, the newest first of all again."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._source = None
        self._last = (48, 32, 0, bytes(3 * 48 * 32))
        self._base_ns = 0

    def configure(self, _factory, media) -> None:
        """Begin a stream with the newest picture: the server needs one to say what it streams."""
        with self._lock:
            self._source = media.get_element().get_by_name("source")
            width, height, taken_us, _ = self._last
            self._base_ns = taken_us * 1000
            self._size = (width, height)
            self._source.set_property("caps", caps(width, height))
        wanted = self._source.connect("need-data", lambda source, _: first(source))

        def first(source) -> None:
            source.disconnect(wanted)
            self._push()

    def read(self) -> None:
        """Stream what comes until it ends."""
        while len(head := sys.stdin.buffer.read(HEAD.size)) == HEAD.size:
            width, height, taken_us = HEAD.unpack(head)
            self._last = (width, height, taken_us, sys.stdin.buffer.read(3 * width * height))
            self._push()

    def _push(self) -> None:
        with self._lock:
            if self._source is None:
                return
            width, height, taken_us, pixels = self._last
            if (width, height) != self._size:
                self._size = (width, height)
                self._source.set_property("caps", caps(width, height))
            picture = Gst.Buffer.new_wrapped(pixels)
            picture.pts = max(taken_us * 1000 - self._base_ns, 0)
            self._source.emit("push-buffer", picture)


def caps(width: int, height: int) -> Gst.Caps:
    """Return what kind of pictures come."""
    return Gst.Caps.from_string(
        f"video/x-raw,format=BGR,width={width},height={height},framerate=0/1"
    )


def server_of(words: argparse.Namespace) -> tuple:
    """Return a server, and what feeds it or None."""
    server, factory = GstRtspServer.RTSPServer(), GstRtspServer.RTSPMediaFactory()
    server.set_address("127.0.0.1")
    server.set_service(str(words.port))
    factory.set_launch(f"( {FED if words.fed else BALL} ! {CODECS[words.codec]} )")
    factory.set_shared(True)
    if words.user:
        guard(server, factory, words.user, words.password)
    server.get_mount_points().add_factory("/top", factory)
    feed = Feed() if words.fed else None
    if feed:
        factory.connect("media-configure", feed.configure)
    return server, feed


def words_given() -> argparse.Namespace:
    """Return what the command line says."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--port", type=int, default=0)
    parser.add_argument("--codec", choices=CODECS, default="jpeg")
    parser.add_argument("--fed", action="store_true")
    parser.add_argument("--user", default="")
    parser.add_argument("--password", default="")
    return parser.parse_args()


def guard(server, factory, user: str, password: str) -> None:
    """Let in nobody but the one user."""
    auth, token = GstRtspServer.RTSPAuth(), GstRtspServer.RTSPToken()
    token.set_string("media.factory.role", "viewer")
    auth.add_basic(GstRtspServer.RTSPAuth.make_basic(user, password), token)
    server.set_auth(auth)
    permissions = GstRtspServer.RTSPPermissions()
    permissions.add_permission_for_role("viewer", "media.factory.access", True)
    permissions.add_permission_for_role("viewer", "media.factory.construct", True)
    factory.set_permissions(permissions)


def main() -> None:
    """Serve until standard input closes."""
    Gst.init(None)
    server, feed = server_of(words_given())
    server.attach(None)
    print(server.get_bound_port(), flush=True)
    loop = GLib.MainLoop()

    def watch() -> None:
        (feed.read if feed else sys.stdin.buffer.read)()
        loop.quit()

    threading.Thread(target=watch, daemon=True).start()
    loop.run()


if __name__ == "__main__":
    main()
