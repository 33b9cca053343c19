# The side of a comparison that libtorrent stands for: one peer a process.
#
#   torrent.py version
#   torrent.py make FILE TORRENT
#   torrent.py seed|load TORRENT FOLDER HOST [RATE]
#
# A peer prints the address it listens on, reads a line with the addresses of
# others, and connects to these; one that loads prints its figures as JSON when
# it has all, and another line with how much it has sent when its standard
# input ends, and with that itself. It is set up as who wants it fast between
# machines that he knows would do it: TCP only, no search for others, no limits
# but RATE (bytes a second to send; 0: none).
import json
import os
import resource
import sys
import time

import libtorrent as lt


def make(file, torrent):
    files = lt.file_storage()
    lt.add_files(files, file)
    made = lt.create_torrent(files, 0, lt.create_torrent.v1_only)
    lt.set_piece_hashes(made, os.path.dirname(file))
    with open(torrent, "wb") as out:
        out.write(lt.bencode(made.generate()))


def session(host):
    return lt.session({
        "listen_interfaces": host + ":0",
        "enable_dht": False, "enable_lsd": False, "enable_upnp": False, "enable_natpmp": False,
        "enable_outgoing_utp": False, "enable_incoming_utp": False,
        "in_enc_policy": 2, "out_enc_policy": 2,
        "upload_rate_limit": 0, "download_rate_limit": 0,
        "allow_multiple_connections_per_ip": True,
        "connection_speed": 100, "unchoke_slots_limit": -1,
        "alert_mask": lt.alert.category_t.error_notification | lt.alert.category_t.status_notification,
    })


def add(ses, role, torrent, folder, rate):
    params = lt.add_torrent_params()
    params.ti = lt.torrent_info(torrent)
    params.save_path = folder
    params.flags &= ~(lt.torrent_flags.paused | lt.torrent_flags.auto_managed)
    if role == "seed":
        params.flags |= lt.torrent_flags.seed_mode
    handle = ses.add_torrent(params)
    # The limit of the session is not for peers on the same machine.
    handle.set_upload_limit(rate)
    return handle


def processor_time():
    used = resource.getrusage(resource.RUSAGE_SELF)
    return used.ru_utime + used.ru_stime


def await_all(ses, handle):
    while not handle.status().is_seeding:
        ses.wait_for_alert(20)
        for alert in ses.pop_alerts():
            if alert.category() & lt.alert.category_t.error_notification and "torrent" in alert.what():
                sys.exit("torrent.py: " + alert.message())


def tell(**figures):
    print(json.dumps(figures), flush=True)


def peer(role, torrent, folder, host, rate=0):
    ses = session(host)
    print("%s:%d" % (host, ses.listen_port()), flush=True)
    others = sys.stdin.readline().split()
    cpu, begin = processor_time(), time.monotonic()
    handle = add(ses, role, torrent, folder, int(rate))
    for other in others:
        name, port = other.rsplit(":", 1)
        handle.connect_peer((name, int(port)))
    if role == "load":
        await_all(ses, handle)
        tell(wall=time.monotonic() - begin, cpu=processor_time() - cpu)
    sys.stdin.read()
    tell(sent=handle.status().total_payload_upload)


if sys.argv[1] == "version":
    print(lt.__version__)
elif sys.argv[1] == "make":
    make(*sys.argv[2:])
else:
    peer(*sys.argv[1:])
