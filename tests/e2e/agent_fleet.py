#!/usr/bin/python3
"""An agent under a fixed rate while things happen: a key server is killed, one stalls, the agent is upgraded, killed
and started again, under systemd's socket too. Every signature is checked, every failure counted.

Runs alone: it keeps a rate.
"""

import os
import signal
import socket
import subprocess
import sys
import tempfile
import time

TOP = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
sys.path[:0] = [f"{TOP}/tests/support", f"{TOP}/tests/interop"]
import edge
from agent import Agent, Answer, Client, Load, Signer, packet
from server import EDGE_BIN, Server, Story, make_pki

KEYS = {"p256": ("p256-1", "tls12-sign")}
RATE = 300  # two slow cores run three lurkd, an agent and this load


def answered(load, count):
    """Waits until so many more are answered."""
    target, end = load.answered + count, time.monotonic() + 30
    while load.answered < target:
        assert load.fault is None, load.fault
        assert time.monotonic() < end, f"{load.answered} of {target}: {load.failed[:3]}"
        time.sleep(0.005)


def told(name, load):
    print(f"{name}: {load.answered} signed, {len(load.failed)} failed, p50 {load.quantile(0.5) * 1e3:.1f} ms, "
          f"p99 {load.quantile(0.99) * 1e3:.1f} ms", flush=True)


def has_connections(agent):
    for name, _, _ in agent.servers:
        agent.wait(lambda: agent.metric(f'lurk_agent_server_connections{{server="{name}"}}') == 2, 10, f"two to {name}")


def a_server_is_killed(agent, servers, maker):
    load = Load(agent, maker, RATE)
    answered(load, 2 * RATE)
    killed = time.monotonic()
    os.killpg(servers[1].process.pid, signal.SIGKILL)
    servers[1].process.wait()
    answered(load, 5 * RATE)
    load.stop()
    told("server killed", load)
    all_of = load.answered + len(load.failed)
    assert len(load.failed) <= all_of / 1000, load.failed[:5]
    late = [why for at, why in load.failed if at > killed + 1]
    assert not late, late
    servers[1].start()
    agent.wait_healthy(len(servers))


def a_server_stalls(agent, servers, maker):
    """It takes connections and answers nothing: the others are asked, and pings end it."""
    load = Load(agent, maker, RATE)
    answered(load, RATE)
    for pid in servers[0].children().values():
        os.kill(pid, signal.SIGSTOP)
    try:
        agent.wait_healthy(len(servers) - 1)
        answered(load, RATE)
    finally:
        for pid in servers[0].children().values():
            os.kill(pid, signal.SIGCONT)
    load.stop()
    told("server stalled", load)
    assert len(load.failed) <= (load.answered + len(load.failed)) / 100, load.failed[:5]
    servers[0].wait_ready()
    agent.wait_healthy(len(servers), 40)


def upgrades_lose_nothing(agent, maker):
    load = Load(agent, maker, RATE)
    for _ in range(3):
        answered(load, RATE // 2)
        code = agent.take_over()
        assert code == 0, f"the one before ended with {code}"
    answered(load, RATE // 2)
    load.stop()
    told("upgrades", load)
    assert not load.failed, load.failed[:5]
    assert sum(client.reconnects for client in load.clients) >= 3
    agent.wait_healthy(len(agent.servers))


def healthy_by_status(path):
    client = Client(path)
    try:
        client.socket.send(packet(9, kind=3))
        data = client.socket.recv(70000)
    except (BrokenPipeError, ConnectionResetError):
        data = b""
    client.close()
    if not data:  # the agent that let it in has gone
        return None
    lines = dict(line.rsplit(" ", 1) for line in Answer(data).body.decode().splitlines())
    return int(lines["lurk_agent_servers_healthy"])


def status_is_true_from_the_first_client_on(agent):
    """A successor lets clients in once it has a key server: then its status has one as well, at once."""
    for _ in range(5):
        before = agent.process
        agent.process = agent.spawn("--take-over")
        told, after = [], 0
        while after < 20:
            after += before.poll() is not None
            told.append(healthy_by_status(agent.path))
        assert before.wait(20) == 0
        assert 0 not in told, told
        agent.wait_healthy(len(agent.servers))


def a_bad_successor_changes_nothing(agent, maker):
    load = Load(agent, maker, RATE)
    answered(load, 20)
    with open(agent.conf) as f:
        good = f.read()
    bad = f"{agent.directory}/bad.conf"
    for text in (good.replace("edge-1.key", "stranger.key"), good.replace("sockets:", "sockets: []\nsocket:")):
        with open(bad, "w") as f:
            f.write(text)
        run = subprocess.run([f"{EDGE_BIN}/lurk-agent", "--take-over", "-c", bad], capture_output=True, timeout=20)
        assert run.returncode == 1, run
    answered(load, 20)
    load.stop()
    assert not load.failed, load.failed[:5]
    assert agent.process.poll() is None


def killed_and_started_again(agent, maker):
    """Without a word: clients see an end of file, and what they send again is answered by the next agent."""
    client = Client(agent.path)
    assert client.call(maker.message()[0]).outcome == 0
    agent.process.kill()
    agent.process.wait()
    agent.process = agent.spawn()
    agent.wait_healthy(len(agent.servers))
    message, signed = maker.message()
    answer = client.call(message)
    assert client.reconnects == 1
    maker.check(message, answer.body, signed)
    client.close()


def restarts_behind_systemds_socket(base, pki, servers, maker):
    """The socket is there before the agent and stays between two: a restart loses nothing."""
    directory = f"{base}/activated"
    os.mkdir(directory)
    agent = Agent(directory, pki, [(f"k{i}", s.port["tls"], "tls") for i, s in enumerate(servers)])
    agent.write()
    listening = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    listening.bind(agent.path)
    listening.listen(128)

    def child():
        os.dup2(listening.fileno(), 3)
        os.set_inheritable(3, True)
        os.environ.update(LISTEN_FDS="1", LISTEN_PID=str(os.getpid()))

    def spawn():
        with open(agent.log, "ab") as log:
            return subprocess.Popen([f"{EDGE_BIN}/lurk-agent", "-c", agent.conf], stdout=log, stderr=log, preexec_fn=child,
                                    close_fds=False, start_new_session=True)

    agent.process = spawn()
    try:
        load = Load(agent, maker, RATE // 2, sockets=2)
        for _ in range(2):
            answered(load, RATE // 2)
            assert agent.stop() == 0, agent.log_text()
            agent.process = spawn()
        answered(load, RATE // 2)
        load.stop()
        told("restarts behind a socket", load)
        assert not load.failed, load.failed[:5]
        assert agent.stop() == 0
        assert os.path.exists(agent.path), "the service manager's socket was removed"
    finally:
        agent.stop()
        listening.close()


def main():
    story = Story()
    with tempfile.TemporaryDirectory(prefix="lurk-fleet-") as base:
        pki = make_pki(f"{base}/pki", "p256=1", "edge=1")
        servers, agent = [], None
        try:
            for i in range(3):
                os.mkdir(f"{base}/{i}")
                servers.append(Server(f"{base}/{i}", pki, keys=KEYS))
                servers[i].start()
            maker = Signer(edge.load_certificate(f"{pki}/keys/p256-1.crt").public_key())
            rows = [(f"k{i}", s.port["dtls" if i == 2 else "tls"], "dtls" if i == 2 else "tls") for i, s in enumerate(servers)]
            agent = Agent(base, pki, rows, fleet={"connections": 2})
            agent.start()
            story.check("connections", has_connections, agent)
            story.check("a key server is killed", a_server_is_killed, agent, servers, maker)
            story.check("upgrades", upgrades_lose_nothing, agent, maker)
            story.check("status of a successor", status_is_true_from_the_first_client_on, agent)
            story.check("a bad successor", a_bad_successor_changes_nothing, agent, maker)
            story.check("killed and started again", killed_and_started_again, agent, maker)
            story.check("restarts behind a socket", restarts_behind_systemds_socket, base, pki, servers, maker)
            story.check("a key server stalls", a_server_stalls, agent, servers, maker)
        finally:
            if agent is not None:
                agent.stop()
            for server in servers:
                server.stop()
    story.end()


if __name__ == "__main__":
    main()
