#!/usr/bin/env python3
"""Decodes the recorded captures a second time, with nothing but Python's json and decimal, and compares
every tick with what `margind decode` prints: same order, same values, digit for digit.

Usage: decode_witness.py PROGRAM CAPTURES_DIR
"""

import datetime
import decimal
import json
import pathlib
import subprocess
import sys
from decimal import Decimal

decimal.getcontext().prec = 60


def iso_ns(text):
    head, _, rest = text.removesuffix("Z").partition(".")
    moment = datetime.datetime.strptime(head, "%Y-%m-%dT%H:%M:%S")
    seconds = (moment - datetime.datetime(1970, 1, 1)) // datetime.timedelta(seconds=1)
    return seconds * 10**9 + int((rest or "0").ljust(9, "0"))


def book_top(symbol, bid, bid_size, ask, ask_size, **more):
    tick = {"channel": "book_top", "symbol": symbol, "bid": Decimal(bid), "ask": Decimal(ask)}
    if bid_size is not None:
        tick["bid_size"] = Decimal(bid_size)
    if ask_size is not None:
        tick["ask_size"] = Decimal(ask_size)
    return [tick | more]


def binance_event(event):
    name = event.get("e")
    if name is None and {"u", "s", "b", "B", "a", "A"} <= event.keys():
        return book_top(event["s"], event["b"], event["B"], event["a"], event["A"], sequence=event["u"])
    if name == "bookTicker":
        return book_top(event["s"], event["b"], event["B"], event["a"], event["A"],
                        sequence=event["u"], exchange_time=event["T"] * 10**6)
    if name in ("trade", "aggTrade"):
        if event.get("X", "MARKET") != "MARKET":
            return []
        tick = {"channel": "trade", "symbol": event["s"], "price": Decimal(event["p"]),
                "size": Decimal(event["q"]), "taker_side": "sell" if event["m"] else "buy",
                "exchange_time": event["T"] * 10**6}
        sequence = event.get("t" if name == "trade" else "a")
        return [tick | ({"sequence": sequence} if sequence else {})]
    if name == "markPriceUpdate":
        common = {"symbol": event["s"], "exchange_time": event["E"] * 10**6}
        return [common | {"channel": "mark", "price": Decimal(event["p"])},
                common | {"channel": "index", "price": Decimal(event["i"])}]
    return []


def binance(message):
    data = message.get("data", message)
    events = data if isinstance(data, list) else [data]
    return [tick for event in events for tick in binance_event(event)]


def coinbase_exchange(message):
    if message["type"] == "ticker":
        return book_top(message["product_id"], message["best_bid"], message.get("best_bid_size"),
                        message["best_ask"], message.get("best_ask_size"),
                        sequence=message["sequence"], exchange_time=iso_ns(message["time"]))
    if message["type"] == "match":
        return [{"channel": "trade", "symbol": message["product_id"], "price": Decimal(message["price"]),
                 "size": Decimal(message["size"]), "sequence": message["sequence"],
                 "taker_side": {"buy": "sell", "sell": "buy"}[message["side"]],
                 "exchange_time": iso_ns(message["time"])}]
    return []


def coinbase_advanced(message):
    ticks = []
    for event in message["events"]:
        if message["channel"] == "ticker":
            for item in event["tickers"]:
                ticks += book_top(item["product_id"], item["best_bid"], item["best_bid_quantity"],
                                  item["best_ask"], item["best_ask_quantity"],
                                  exchange_time=iso_ns(message["timestamp"]))
        if message["channel"] == "market_trades" and event["type"] == "update":
            for item in reversed(event["trades"]):
                ticks.append({"channel": "trade", "symbol": item["product_id"],
                              "price": Decimal(item["price"]), "size": Decimal(item["size"]),
                              "sequence": int(item["trade_id"]),
                              "taker_side": {"BUY": "sell", "SELL": "buy"}[item["side"]],
                              "exchange_time": iso_ns(item["time"])})
    return ticks


def pyth(message):
    def hermes(feed):
        price = feed["price"]
        scale = Decimal(10) ** price["expo"]
        return {"channel": "oracle", "symbol": feed["id"], "price": Decimal(price["price"]) * scale,
                "confidence": Decimal(price["conf"]) * scale,
                "exchange_time": price["publish_time"] * 10**9}

    def pro(feed):
        scale = Decimal(10) ** feed["exponent"]
        return {"channel": "oracle", "symbol": str(feed["priceFeedId"]),
                "price": Decimal(feed["price"]) * scale,
                "confidence": Decimal(feed["confidence"]) * scale,
                "exchange_time": feed["feedUpdateTimestamp"] * 1000}

    if message.get("type") == "price_update":
        return [hermes(message["price_feed"])]
    if message.get("type") == "streamUpdated":
        return [pro(feed) for feed in message["parsed"]["priceFeeds"]]
    return [hermes(feed) for feed in message.get("parsed", [])]


def venue_of(stem, url):
    if stem.startswith("coinbase"):
        advanced = "advanced-trade" in url
        return ("coinbase_advanced", coinbase_advanced) if advanced else ("coinbase_exchange", coinbase_exchange)
    if stem.startswith("pyth"):
        return "pyth", pyth
    return stem, binance


def expected_of(file):
    """Per venue: the lines for the program, and the ticks they hold."""
    urls, lines, ticks = {}, {}, {}
    for text in file.read_text().splitlines():
        line = json.loads(text)
        if line["dir"] == "meta":
            urls[line["conn"]] = line.get("url", "")
            continue
        venue, decode = venue_of(file.stem, urls.get(line["conn"], ""))
        lines.setdefault(venue, []).append(text)
        if line["dir"] != "in":
            continue
        for tick in decode(json.loads(line["raw"])):
            stamp = {"line": len(lines[venue])} | ({"receive_time": line["t"]} if line["t"] else {})
            ticks.setdefault(venue, []).append(tick | stamp)
    return lines, ticks


NUMBERS = ("price", "bid", "ask", "bid_size", "ask_size", "size", "confidence")


def printed_by(program, venue, lines):
    run = subprocess.run([program, "decode", "--venue", venue], input="\n".join(lines) + "\n",
                         capture_output=True, text=True, check=False)
    if run.returncode != 0:
        sys.exit(f"margind decode --venue {venue} ended with {run.returncode}:\n{run.stderr}")
    ticks = [json.loads(text) for text in run.stdout.splitlines()]
    return [{k: Decimal(v) if k in NUMBERS else v for k, v in tick.items()} for tick in ticks]


def main():
    program, folder = sys.argv[1], pathlib.Path(sys.argv[2])
    compared = 0
    for file in sorted(folder.glob("*.jsonl")):
        lines, expected = expected_of(file)
        for venue in lines:
            want, have = expected.get(venue, []), printed_by(program, venue, lines[venue])
            for number, (a, b) in enumerate(zip(want, have)):
                if a != b:
                    sys.exit(f"{file.name} {venue}: tick {number} differs\n  expected {a}\n  printed  {b}")
            if len(want) != len(have):
                sys.exit(f"{file.name} {venue}: {len(want)} ticks expected, {len(have)} printed")
            print(f"{file.name} {venue}: {len(want)} ticks agree")
            compared += len(want)
    if compared == 0:
        sys.exit(f"no ticks in {folder}")


if __name__ == "__main__":
    main()
