#!/bin/bash
# natlab.sh - hosts behind NATs of each kind, in network namespaces (docs/natlab.md).
# No namespace has a route to the real network: all traffic stays inside.
#
#   natlab.sh can                  says what is missing here, and fails then
#   natlab.sh up [SITE...]         all sites of the table below, or those only
#   natlab.sh down                 removes what up has made, and ends what runs in it
#   natlab.sh guard                waits for the end of its input, and does that then
#   natlab.sh x HOST cmd...        runs something at a host or router (x pr1-h1 ip addr)
#   natlab.sh queue                packets on the internet wait for verdicts of impair
#   natlab.sh outside HOST         the addresses that others see of it
#   natlab.sh forget HOST HOST     their TCP connections end, and the routers of each forget
#                                  all of the other; fails where the two speak again at once
#   natlab.sh upnpd                the router of up1 gets the tables that miniupnpd wants
#   natlab.sh udptimeout HOST N M  UDP mappings before a host live for N seconds, M where
#                                  both sides have spoken
#
# NATLAB_PREFIX begins the names of namespaces: two labs can stand side by side.
# SAME_LAN=1 gives all LANs the same private addresses.
set -u
P=${NATLAB_PREFIX:-nl}
NET=203.0.113                          # the internet
FWNET=198.51.100                       # addresses behind firewalls, /29 each
SAME_LAN=${SAME_LAN:-0}

# site  type      hosts options        (the place in the list is part of addresses)
TABLE="
fc1     full      2 hairpin=1
fc2     full      1
ar1     addr      1
ar2     addr      1
pr1     port      2
pr2     port      1 hairpin=1
pp1     preserve  2
pp2     preserve  1
rj1     port      1 wanin=reject
rj2     port      1 wanin=reject
sy1     sym       2
sy2     sym       1
fw1     fw        1
fw2     fw        1
ub1     udpblock  1
up1     port      2 ext=25.0.0.116
cgh     cgn       2 hairpin=1
cgn     cgn       2
"
NPUB=5                                 # hosts p1.. without a router
L4='meta l4proto { tcp, udp }'
ns(){ echo "$P-$1"; }
have(){ [ -e "/run/netns/$(ns "$1")" ]; }
in_(){ local n; n=$(ns "$1"); shift; ip netns exec "$n" "$@"; }
ours(){ ip netns list | awk -v p="^$P-" '$1~p{print $1}'; }
die(){ echo "natlab: $*" >&2; exit 1; }

mkns(){ have $1 && return 1
  ip netns add $(ns $1)
  in_ $1 sh -c "ip link set lo up; echo 1 >/proc/sys/net/ipv6/conf/default/disable_ipv6; echo 1 >/proc/sys/net/ipv6/conf/all/disable_ipv6"; }
# plug NAME DEV ADDR/LEN GW PARENT BRIDGE [PORT]: a cable from a namespace to a bridge
plug(){ local name=$1 dev=$2 addr=$3 gw=$4 pns=$5 br=$6 port=${7:-$1}
  ip link add $dev netns $(ns $name) type veth peer name $port netns $(ns $pns)
  ip -n $(ns $pns) link set dev $port master $br up
  ip -n $(ns $name) addr add $addr dev $dev
  ip -n $(ns $name) link set dev $dev up
  ip -n $(ns $name) route add default via $gw
  in_ $name ethtool -K $dev tso off gso off >/dev/null 2>&1; in_ $pns ethtool -K $port tso off gso off >/dev/null 2>&1; }
bridge(){ ip -n $(ns $1) link add $2 ${3:+address $3} type bridge stp_state 0 forward_delay 0; ip -n $(ns $1) link set $2 up; }

inet_up(){ mkns inet || return 0
  bridge inet br0 02:46:ff:ff:ff:01
  ip -n $(ns inet) addr add $NET.1/24 dev br0
  in_ inet sh -c "echo 1 >/proc/sys/net/ipv4/ip_forward; for f in all default br0; do echo 0 >/proc/sys/net/ipv4/conf/\$f/send_redirects; done; echo 0 >/proc/sys/net/bridge/bridge-nf-call-iptables; ip route add unreachable default"; }
public_up(){ local i; for i in $(seq $NPUB); do mkns p$i || continue
  plug p$i eth0 $NET.$((10+i))/24 $NET.1 inet br0
  ip -n $(ns p$i) addr add $NET.$((20+i))/24 dev eth0; done; }   # second address, for RFC 5780

# nat_rules TYPE EXT HAIRPIN WANIN HOSTIPS...
nat_rules(){ local t=$1 ext=$2 hp=$3 wi=$4; shift 4; local h i=0 post="" hpost="" fwd="" learn="" pre="" maps="" inp=""
  local INT_O='ct original ip saddr . ct original proto-src' INT_R='ct reply ip saddr . ct reply proto-src'
  local inside='ipv4_addr . inet_service; flags dynamic,timeout; timeout 120s; size 65535; };'
  for h in "$@"; do                  # own port block for each inside host: no port is overloaded, so mapping is really EIM
    local to="$ext:$((20000+i*2000))-$((21999+i*2000))"; i=$((i+1))
    case $t in
     sym) post+="oifname wan ip saddr $h snat to $ext fully-random;" ;;
     preserve) post+="oifname wan ip saddr $h snat to $ext;" ;;
     *) post+="oifname wan ip saddr $h $L4 snat to $to;"; hpost+="oifname lan ip saddr $h ct status dnat $L4 snat to $to;" ;;
    esac; done
  post+="oifname wan snat to $ext;"
  case $t in
   full) maps+="map m { type inet_proto . inet_service : $inside"
         learn+="oifname wan $L4 ct direction original update @m { meta l4proto . th sport timeout 120s : $INT_O };
                 oifname wan $L4 ct direction reply ct status dnat update @m { meta l4proto . th sport timeout 120s : $INT_R };"
         pre+="iifname wan ip daddr $ext dnat ip to meta l4proto . th dport map @m;" ;;
   addr) maps+="map m { type inet_proto . inet_service . ipv4_addr : $inside"
         learn+="oifname wan $L4 ct direction original update @m { meta l4proto . th sport . ip daddr timeout 120s : $INT_O };
                 oifname wan $L4 ct direction reply ct status dnat update @m { meta l4proto . th sport . ip daddr timeout 120s : $INT_R };"
         pre+="iifname wan ip daddr $ext dnat ip to meta l4proto . th dport . ip saddr map @m;" ;;
   udpblock) fwd="meta l4proto udp drop;" ;;
  esac
  if [ "$hp" = 1 ]; then
   maps+="map hp { type inet_proto . inet_service : $inside"
   learn+="oifname wan $L4 ct direction original update @hp { meta l4proto . th sport timeout 120s : $INT_O };"
   pre+="iifname lan ip daddr $ext dnat ip to meta l4proto . th dport map @hp;"
   post="$hpost$post"
  fi
  case $wi in
   drop) inp="iifname wan ct state established accept; iifname wan $L4 drop;" ;;
   reject) inp="iifname wan ct state established accept; iifname wan meta l4proto tcp reject with tcp reset; iifname wan meta l4proto udp reject;" ;;
  esac
  cat <<N
table ip nat0 {
 $maps
 chain pre { type nat hook prerouting priority -100; $pre }
 chain post { type nat hook postrouting priority 100; $post }
 chain learn { type filter hook postrouting priority 150; $learn }
 chain inp { type filter hook input priority 0; $inp iifname lan ip daddr $ext $L4 drop; }
 chain forw { type filter hook forward priority 0; policy drop; $fwd iifname lan accept; ct state established,related accept; ct status dnat accept; }
}
N
}
forwards(){ in_ $1 sh -c "echo 1 >/proc/sys/net/ipv4/ip_forward; echo 0 >/proc/sys/net/ipv4/conf/all/send_redirects; echo 0 >/proc/sys/net/ipv4/conf/lan/send_redirects; echo 0 >/proc/sys/net/bridge/bridge-nf-call-iptables"; }
# router NAME PARENT BRIDGE WANADDR/LEN GW LAN HOSTS TYPE HAIRPIN WANIN PORT [EXT]
router(){ local name=$1 pns=$2 br=$3 wan=$4 gw=$5 lan=$6 nh=$7 type=$8 hp=$9 wi=${10} port=${11} ext=${12:-${4%/*}} i ips=""
  mkns $name || return 0
  plug $name wan $wan $gw $pns $br $port
  bridge $name lan
  ip -n $(ns $name) addr add $lan.1/24 dev lan
  forwards $name
  for i in $(seq $nh); do ips+=" $lan.$((10+i))"; done
  [ $ext = ${wan%/*} ] || { ip -n $(ns $name) addr add $ext/32 dev wan; ip -n $(ns inet) route replace $ext/32 via ${wan%/*}; }
  nat_rules $type $ext $hp $wi $ips | in_ $name nft -f - || die "nft refuses the rules of $name"; }
firewall(){ local s=$1 k=$2 b=$(($2*8))
  mkns $s-r || return 0
  plug $s-r wan $NET.$((100+k))/24 $NET.1 inet br0 $s
  bridge $s-r lan; ip -n $(ns $s-r) addr add $FWNET.$((b+1))/29 dev lan
  forwards $s-r
  in_ $s-r nft 'table ip nat0 { chain forw { type filter hook forward priority 0; policy drop; iifname lan accept; ct state established,related accept; }; }' || die "nft refuses the rules of $s"
  ip -n $(ns inet) route replace $FWNET.$b/29 via $NET.$((100+k))
  mkns $s-h1; plug $s-h1 eth0 $FWNET.$((b+2))/29 $FWNET.$((b+1)) $s-r lan h1; }
cgn(){ local s=$1 k=$2 nh=$3 hp=$4 n=0 sub lan
  router $s-r inet br0 $NET.$((100+k))/24 $NET.1 100.64.$k $nh cgn $hp drop $s
  for sub in a b; do n=$((n+1))
   lan=10.$((100+k*4+n)).0; [ $SAME_LAN = 1 ] && lan=192.168.1
   router $s$sub-r $s-r lan 100.64.$k.$((10+n))/24 100.64.$k.1 $lan 1 port 0 drop $sub
   mkns $s$sub-h1 && plug $s$sub-h1 eth0 $lan.11/24 $lan.1 $s$sub-r lan h1; done; }
opt(){ local k=$1 d=$2 o; shift 2; for o in "$@"; do [ "${o%%=*}" = $k ] && { echo "${o#*=}"; return; }; done; echo $d; }
site_up(){ local k=$1 s=$2 type=$3 nh=$4; shift 4
  local hp=$(opt hairpin 0 "$@") i lan=10.$k.0; [ $SAME_LAN = 1 ] && lan=192.168.1
  case $type in
  fw) firewall $s $k ;;
  cgn) cgn $s $k $nh $hp ;;
  *) router $s-r inet br0 $NET.$((100+k))/24 $NET.1 $lan $nh $type $hp $(opt wanin drop "$@") $s $(opt ext '' "$@")
     for i in $(seq $nh); do mkns $s-h$i && plug $s-h$i eth0 $lan.$((10+i))/24 $lan.1 $s-r lan h$i; done ;;
  esac; }
table(){ echo "$TABLE" | awk 'NF>=3{print NR-1,$0}'; }

# routers HOST: those between it and the internet, the innermost first
routers(){ local s=${1%-h*}
  case $s in p[0-9]) ;; cg[hn]?) echo "$s-r ${s%?}-r" ;; *) echo "$s-r" ;; esac; }
# outside HOST: the addresses that others see of it
outside(){ local at=$1 r
  case $1 in p[0-9]|fw*) ;; *) for r in $(routers $1); do at=$r; done ;; esac
  ip -n $(ns $at) -4 -o addr show | awk '$2=="eth0"||$2=="wan"{sub("/.*","",$4);print $4}'; }
# known A B: what the routers of A remember of B
known(){ local r a
  for r in $(routers $1); do for a in $(outside $2); do
   in_ $r conntrack -L -d $a 2>/dev/null; in_ $r conntrack -L -s $a 2>/dev/null; done; done; }
forget(){ local r a
  for a in $(outside $2); do in_ $1 ss -tK dst $a >/dev/null; done   # those that are kept would hang now
  for r in $(routers $1); do
   for a in $(outside $2); do in_ $r conntrack -D -d $a; in_ $r conntrack -D -s $a; done
   # address-restricted: who was sent to may answer from any port (a full cone lets in everybody, whoever was sent to)
   in_ $r nft list map ip nat0 m | grep -q 'type.*ipv4_addr :' && in_ $r nft flush map ip nat0 m
  done >/dev/null 2>&1; }

can(){ local t missing=""
  [ "$(id -u)" = 0 ] || die "needs root"
  for t in ip ss nft iptables conntrack ethtool; do command -v $t >/dev/null || missing+=" $t"; done
  [ -z "$missing" ] || die "not installed:$missing (Debian: apt-get install iproute2 nftables iptables conntrack ethtool)"
  mkns can || die "the namespace $(ns can) is there already"
  trap 'ip netns del $(ns can)' EXIT
  nat_rules full 192.0.2.1 1 reject 10.0.0.1 | in_ can nft -f - || die "the kernel cannot do the NATs"
  in_ can conntrack -L >/dev/null 2>&1 || die "the kernel does not tell of its connections (nf_conntrack_netlink)"
  in_ can iptables -t mangle -A FORWARD -j NFQUEUE --queue-num 1 --queue-bypass || die "the kernel has no NFQUEUE"
  in_ can ss -tK dst 192.0.2.2 2>&1 | grep -q answers && die "the kernel ends no connections (INET_DIAG_DESTROY)"
  [ -e /proc/sys/net/bridge/bridge-nf-call-iptables ] || modprobe br_netfilter || die "the kernel has no br_netfilter"; }

down(){ local n p
  for n in $(ours); do for p in $(ip netns pids $n 2>/dev/null); do kill -9 $p 2>/dev/null; done; ip netns del $n; done; }

main(){ local cmd=${1:-help} n k s t h o r; [ $# -gt 0 ] && shift
case $cmd in
can) can ;;
up) inet_up; public_up
  while read -r k s t h o; do [ $# -gt 0 ] && ! [[ " $* " == *" $s "* ]] && continue; site_up $k $s $t $h $o </dev/null; done < <(table) ;;
down) down ;;
guard) cat >/dev/null; down ;;
x) n=$1; shift; exec ip netns exec $(ns $n) "$@" ;;
queue) in_ inet sh -c "echo 1 >/proc/sys/net/bridge/bridge-nf-call-iptables; iptables -t mangle -A FORWARD -j NFQUEUE --queue-num 1 --queue-bypass" ;;
outside) outside $1 ;;
forget) for _ in 1 2 3 4 5; do forget $1 $2; forget $2 $1; sleep .2
   [ -z "$(known $1 $2)$(known $2 $1)" ] && exit; done
  known $1 $2 >&2; known $2 $1 >&2; die "$1 and $2 go on speaking" ;;
upnpd) in_ up1-r nft -f - <<'N'
table inet miniupnpd
delete table inet miniupnpd
table inet miniupnpd {
 chain in_ { type filter hook input priority -5; }
 chain forward { }
 chain forw_hook { type filter hook forward priority -5; jump forward; }
 chain prerouting { type nat hook prerouting priority -101; }
 chain postrouting { type nat hook postrouting priority 101; }
}
N
  in_ up1-r ip route replace 239.0.0.0/8 dev lan
  in_ up1-h1 ip route replace 239.0.0.0/8 dev eth0 ;;
udptimeout) for r in $(routers $1); do
  in_ $r sh -c "echo $2 >/proc/sys/net/netfilter/nf_conntrack_udp_timeout; echo $3 >/proc/sys/net/netfilter/nf_conntrack_udp_timeout_stream"; done ;;
*) sed -n '2,/^set/{/^#/p}' "$0" ;;
esac; }
main "$@"; exit                         # all is read by now: a lab outlives changes of this file
