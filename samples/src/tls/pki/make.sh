#!/usr/bin/env bash
# Makes the demo certificates beside this file, once, with OpenSSL 3.0. They belong to nobody: names are invented, the keys of
# the authorities are thrown away, the server's key (demo.key) is public and used nowhere else.
# Not run by the build: RSA keys differ from run to run, and the samples must not.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
cd "$(mktemp -d)"

cat >ca.cnf <<CNF
[ca]
default_ca = demo
[demo]
database = index.txt
new_certs_dir = .
rand_serial = yes
default_md = sha256
policy = any
unique_subject = no
[any]
organizationName = optional
commonName = supplied
CNF
touch index.txt

key() { openssl genpkey -quiet -algorithm RSA -pkeyopt rsa_keygen_bits:2048 -out "$1.key"; }

# name, subject, issuer (itself: a root), first day, last day, extensions in the format of a configuration file
certificate() {
    [ -e "$1.key" ] || key "$1"
    openssl req -new -key "$1.key" -subj "$2" -config /dev/null -out "$1.csr" 2>/dev/null ||
        openssl req -new -key "$1.key" -subj "$2" -out "$1.csr"
    local signer=(-cert "$3.pem" -keyfile "$3.key")
    [ "$1" = "$3" ] && signer=(-selfsign -keyfile "$1.key")
    printf '%s\n' "$6" >extensions
    openssl ca -batch -notext -config ca.cnf "${signer[@]}" -in "$1.csr" -startdate "$4" -enddate "$5" \
        -extfile extensions -preserveDN -out "$1.pem" 2>/dev/null
}

authority=$'basicConstraints=critical,CA:TRUE\nkeyUsage=critical,keyCertSign,cRLSign\nsubjectKeyIdentifier=hash'
server() { printf 'basicConstraints=CA:FALSE\nextendedKeyUsage=serverAuth\nsubjectAltName=%s' "$1"; }
ours=DNS:meet.example.com,DNS:chat.example.com,DNS:sip.example.com,DNS:portal.example.com

certificate root '/O=Example/CN=Example Root CA' root 20200101000000Z 20400101000000Z "$authority"
certificate issuing '/O=Example/CN=Example Issuing CA 2' root 20230101000000Z 20330101000000Z "$authority"
key server
for name in server expired issued other client; do [ -e "$name.key" ] || cp server.key "$name.key"; done
certificate server '/O=Example/CN=meet.example.com' root 20240506000000Z 20260506000000Z "$(server "$ours")"
certificate expired '/O=Example/CN=meet.example.com' root 20230201000000Z 20250201000000Z "$(server "$ours")"
certificate issued '/O=Example/CN=meet.example.com' issuing 20240506000000Z 20260506000000Z "$(server "$ours")"
certificate other '/O=Example/CN=stcomm7.example.net' root 20240506000000Z 20260506000000Z "$(server DNS:stcomm7.example.net)"
certificate client '/O=Example/CN=Ann Smith' root 20240506000000Z 20260506000000Z \
    $'basicConstraints=CA:FALSE\nextendedKeyUsage=clientAuth'

cp root.pem issuing.pem server.pem expired.pem issued.pem other.pem client.pem "$here"
cp server.key "$here/demo.key"
