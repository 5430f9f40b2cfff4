#!/usr/bin/env python3
"""Check a receipt of the audit record, without assumebot.

    python3 verify-receipt.py receipt.tlog-proof 'NAME+HASH+KEY'

It needs Python 3.7 and openssl 3 (not LibreSSL), or newer, and nothing else. The second argument is
the public key of the record, from whoever made it. It exits with 0 and prints the entry if
that is on the record, and with 1 and the reason if nothing shows that it is.

A receipt is C2SP tlog-proof@v1 (https://c2sp.org/tlog-proof) with the entry's bytes as
extra data: an inclusion proof of RFC 6962, and a checkpoint that is signed with Ed25519 as
https://c2sp.org/signed-note says. Cosignatures of witnesses are not checked here.
"""

import base64
import hashlib
import os
import subprocess
import sys
import tempfile

HEADER = "c2sp.org/tlog-proof@v1"
# What comes before the 32 bytes of a public key of Ed25519 in DER (RFC 8410).
DER = bytes.fromhex("302a300506032b6570032100")


def need(holds, why):
    if not holds:
        sys.exit("not proved: " + why)


def b64(text):
    return base64.b64decode(text, validate=True)


def read(path):
    """The lines of the proof, without what was copied with it."""
    with open(path, encoding="utf-8-sig") as file:
        lines = [line.strip().strip("`") for line in file.read().splitlines()]
    need(HEADER in lines, "there is no line " + HEADER)
    return lines[lines.index(HEADER) + 1 :]


def root_of(leaf, number, size, path):
    """The root of the tree of size entries in which leaf has that number (RFC 9162, 2.1.3.2)."""
    node, last = number, size - 1
    root = hashlib.sha256(b"\0" + leaf).digest()
    for sibling in path:
        need(last, "the proof is too long")
        if node % 2 or node == last:
            root = hashlib.sha256(b"\1" + sibling + root).digest()
            while node and not node % 2:
                node, last = node // 2, last // 2
        else:
            root = hashlib.sha256(b"\1" + root + sibling).digest()
        node, last = node // 2, last // 2
    need(not last, "the proof is too short")
    return root


def signed(text, signature, public):
    """Whether openssl says that signature is one of text."""
    with tempfile.TemporaryDirectory() as place:
        paths = [os.path.join(place, name) for name in ("text", "signature", "key")]
        for path, data in zip(paths, (text, signature, DER + public)):
            with open(path, "wb") as file:
                file.write(data)
        command = "openssl pkeyutl -verify -pubin -keyform DER -rawin -in".split()
        command += [paths[0], "-sigfile", paths[1], "-inkey", paths[2]]
        return subprocess.run(command, stdout=subprocess.DEVNULL).returncode == 0


def main(path, key):
    name, key_hash, public = key.split("+", 2)
    public = b64(public)
    need(len(public) == 33 and public[0] == 1, "the key is none of Ed25519")
    key_id = hashlib.sha256(name.encode() + b"\n" + public).digest()[:4]
    need(key_id.hex() == key_hash, "the key is damaged")

    lines = read(path)
    need(lines[0].startswith("extra "), "the entry is not in it")
    leaf = b64(lines[0][len("extra ") :])
    number = int(lines[1][len("index ") :])
    end = lines.index("", 2)
    origin, size, root = lines[end + 1 : end + 4]
    text = "".join(line + "\n" for line in (origin, size, root)).encode()
    need(origin == name or origin.rsplit("/", 1)[0] == name, "it is of the record " + origin)
    need(0 <= number < int(size), "the checkpoint has no such entry")

    found = False
    for line in lines[end + 5 :]:
        if not line.startswith("\u2014 " + name + " "):
            continue
        signature = b64(line.rsplit(" ", 1)[1])
        if signature[:4] == key_id:
            need(signed(text, signature[4:], public[1:]), "the signature is wrong")
            found = True
    need(found, "this key did not sign it")
    tree = root_of(leaf, number, int(size), [b64(line) for line in lines[2:end]])
    need(tree == b64(root), "the entry is not the one that was signed")

    print("right: this is entry %d of %s, which had %s entries then" % (number, origin, size))
    print(ascii(leaf.decode())[1:-1] if not leaf.decode().isprintable() else leaf.decode())


if __name__ == "__main__":
    need(len(sys.argv) == 3, "give two arguments: the receipt, and the public key")
    try:
        main(sys.argv[1], sys.argv[2])
    except (OSError, ValueError, IndexError) as err:
        sys.exit("not proved: %s" % err)
