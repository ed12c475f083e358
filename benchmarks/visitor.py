"""A visitor without a browser, who costs this process next to nothing: it speaks with the server as a page does."""

from __future__ import annotations

from streamlit.proto.BackMsg_pb2 import BackMsg
from streamlit.proto.ForwardMsg_pb2 import ForwardMsg
from websockets.sync.client import connect

PATIENCE = 300.0  # seconds


class Visitor:
    """Opens a page such as ``runs`` with a query such as ``run=one``.

    ``received`` counts bytes, ``fragments`` are the parts of the page that look again by themselves.
    """

    def __init__(self, address: str, page: str = "", query: str = "") -> None:
        there = f"{address.replace('http', 'ws', 1)}/_stcore/stream"
        self._socket = connect(there, subprotocols=["streamlit"], max_size=None, origin=address, ping_interval=None)
        self._page, self._query = page, query
        self._script = ""
        self.received, self.fragments, self.words = 0, [], ""

    def run(self, fragment: str = "") -> None:
        """Have the page drawn anew, as after a click, or a fragment of it, as when its time has come."""
        message = BackMsg()
        asked = message.rerun_script
        asked.query_string, asked.page_name = self._query, self._page
        if fragment:
            asked.fragment_id, asked.is_auto_rerun, asked.page_script_hash = fragment, True, self._script
        else:
            self.fragments = []
        self._socket.send(message.SerializeToString())
        self._read()

    def close(self) -> None:
        self._socket.close()

    def _read(self) -> None:
        """Take what the server sends until it has drawn all."""
        self.words = ""
        while True:
            raw = self._socket.recv(timeout=PATIENCE)
            self.received += len(raw)
            message = ForwardMsg.FromString(raw)
            match message.WhichOneof("type"):
                case "new_session":
                    self._script = message.new_session.page_script_hash
                case "auto_rerun":
                    self.fragments.append(message.auto_rerun.fragment_id)
                case "delta":
                    self._see(message.delta.new_element)
                case "script_finished":
                    return

    def _see(self, element: object) -> None:
        kind = element.WhichOneof("type")  # type: ignore[attr-defined]
        if kind == "exception":
            raise RuntimeError(element.exception.message)  # type: ignore[attr-defined]
        if kind in ("heading", "markdown", "alert"):
            self.words += getattr(element, kind).body + "\n"
