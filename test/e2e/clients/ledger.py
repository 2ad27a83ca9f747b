"""The same as ledger.mjs with redis-py: one client and one thread for each worker."""

import json
import os
import sys
import threading
import time

from redis.backoff import NoBackoff
from redis.cluster import RedisCluster
from redis.retry import Retry

PREFIX = os.environ.get("PREFIX", "py")
WORKERS = int(os.environ.get("WORKERS", "3"))
PACE = int(os.environ.get("PACE_MS", "10")) / 1000
CA = os.environ.get("CA", "/ca/ca.crt")

stopping = threading.Event()
output = threading.Lock()
acknowledged = {}


def now():
    return time.monotonic() * 1000


def say(line):
    with output:
        sys.stdout.write(json.dumps(line) + "\n")


def connect():
    tls = {"ssl": True, "ssl_cert_reqs": "required", "ssl_ca_certs": CA} if CA else {}
    while True:
        try:
            return RedisCluster(
                host=os.environ["HOST"],
                port=int(os.environ.get("PORT", "6379")),
                username=os.environ.get("REDIS_USER"),
                password=os.environ.get("PASSWORD"),
                decode_responses=True,
                socket_timeout=2,
                socket_connect_timeout=2,
                cluster_error_retry_attempts=0,
                retry=Retry(NoBackoff(), 0),
                **tls,
            )
        except Exception:
            if stopping.is_set():
                raise
            time.sleep(0.1)


def write(client, key, value):
    start = now()
    try:
        client.set(key, str(value))
    except Exception as error:
        say({"op": "write", "key": key, "value": value, "startMs": start, "ackMs": None, "error": str(error)[:200]})
        return False
    say({"op": "write", "key": key, "value": value, "startMs": start, "ackMs": now()})
    acknowledged[key] = value
    return True


def read(client, key, final=False):
    start = now()
    try:
        value = client.get(key)
    except Exception:
        return not final
    say({"op": "read", "key": key, "value": int(value or 0), "startMs": start, "endMs": now(), "final": final})
    return True


def work(worker):
    client = connect()
    tag = f"{PREFIX}{{{worker}}}"
    register, value, turn = 0, 0, 0
    while not stopping.is_set():
        is_register = turn % 4 == 0
        if is_register:
            value += 1
            key = f"{tag}:r{register}"
            done = write(client, key, value)
            if done:
                read(client, key)
            else:
                register, value = register + 1, 0
        else:
            done = write(client, f"{tag}:{turn}", 1)
        turn += 1
        time.sleep(PACE if done else 0.05)


def main():
    threads = [threading.Thread(target=work, args=(worker,)) for worker in range(WORKERS)]
    for thread in threads:
        thread.start()
    sys.stdin.readline()
    stopping.set()
    for thread in threads:
        thread.join()
    client = connect_again()
    missing = set(acknowledged)
    for _ in range(300):
        missing = {key for key in missing if not read(client, key, True)}
        if not missing:
            break
        time.sleep(0.2)
    say({"op": "end", "unread": len(missing)})


def connect_again():
    for _ in range(300):
        try:
            return connect()
        except Exception:
            time.sleep(0.2)
    raise SystemExit("cannot connect")


main()
