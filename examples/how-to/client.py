"""redis-py against the cluster of this folder, from a pod that mounts ConfigMap my-memorydb-cluster-ca at /ca
and has the password in PASSWORD."""

import os

from redis.cluster import RedisCluster

client = RedisCluster(
    host=os.environ.get("HOST", "my-memorydb-cluster"),
    port=6379,
    username="app-user",
    password=os.environ["PASSWORD"],
    ssl=True,
    ssl_cert_reqs="required",
    ssl_ca_certs="/ca/ca.crt",
    decode_responses=True,
    # A node that freezes closes no connection: without time-outs its clients wait for as long as TCP does.
    socket_connect_timeout=2,
    socket_timeout=2,
)

client.set("greeting", "hello")
print(client.get("greeting"))

client.hset("account:1", mapping={"name": "Ada", "plan": "free"})
print(client.hgetall("account:1"))
