"""A websocket server and client that nobody of this project wrote (PyPI `websockets`), to test ours
against. `server CONNECTIONS`: a small Binance; prints its port, then what it saw of each client.
`client URL`: subscribes at a stand-in Coinbase and prints what it heard."""

import json
import os
import sys

from websockets.exceptions import ConnectionClosed
from websockets.sync.client import connect
from websockets.sync.server import serve

TICKS = 500


def ticker(n):
    return '{"u":%d,"s":"BTCUSDT","b":"%d.10","B":"1","a":"%d.20","A":"1"}' % (n + 1, n + 100, n + 100)


def server(connections):
    served = []

    def talk(socket):
        request = json.loads(socket.recv(timeout=20))
        socket.send(json.dumps({"result": None, "id": request["id"]}))
        answered = socket.ping(b"are you there").wait(20)
        for n in range(TICKS):
            text = '{"stream":"btcusdt@bookTicker","data":' + ticker(n) + "}"
            # Every tenth in three fragments, as servers of other make like to do.
            socket.send([text[:7], text[7:40], text[40:]] if n % 10 == 0 else text)
        socket.send("no json")
        served.append({"path": socket.request.path, "agent": socket.request.headers["User-Agent"],
                       "streams": request["params"], "pong": answered})
        socket.close(1012, "restart")
        if len(served) == connections:
            print(json.dumps(served), flush=True)
            os._exit(0)  # whoever has connected since is none of ours

    with serve(talk, "127.0.0.1", 0) as listener:
        print(listener.socket.getsockname()[1], flush=True)
        listener.serve_forever()


def client(url):
    kinds, prices, closed = {}, [], None
    with connect(url) as socket:
        socket.send('{"type":"subscribe","product_ids":["BTC-USD"],"channels":["ticker"]}')
        try:
            while True:
                message = json.loads(socket.recv(timeout=20))
                kinds[message["type"]] = kinds.get(message["type"], 0) + 1
                if message["type"] == "ticker":
                    prices.append(message["price"])
        except ConnectionClosed as end:
            closed = [end.rcvd.code, end.rcvd.reason] if end.rcvd else None
    print(json.dumps({"kinds": kinds, "first": prices[:3], "closed": closed}), flush=True)


if __name__ == "__main__":
    if sys.argv[1] == "server":
        server(int(sys.argv[2]))
    else:
        client(sys.argv[2])
