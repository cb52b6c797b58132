"""Systems: services, disks, users, other machines."""

from audit.permissions.packs.pack import pack

RULES = pack(
    "systems",
    """
deny power: stops what others use -> systemctl status
    systemctl {stop,disable,mask,poweroff,reboot,halt,isolate,kill} *
    {shutdown,poweroff,reboot,halt} *
    init 0
deny disks: removes disks and what they hold -> lvs, vgs, pvs
    {lvremove,vgremove,pvremove} *
    mdadm {--stop,--zero-superblock} *
    zfs destroy *
    zpool destroy *
    parted *
    fdisk *
deny later: removes what runs by itself -> crontab -l
    crontab -r *
deny users: locks people out
    {userdel,groupdel,deluser} *
    iptables -F *
    ufw {disable,reset} *
    kill -9 -1
ask other-user: acts as another user, or on another machine
    {sudo,su,doas,pkexec} *
    {ssh,scp,sftp} *
    {killall,pkill} *
    date -s *
    date --set*
    {mount,umount,sysctl,modprobe,useradd,usermod,passwd,chroot} *
    journalctl --vacuum* *
allow read: only looks
    systemctl {status,is-active,list-units,list-timers,show} *
    {lvs,vgs,pvs,lsblk,free,uptime,lscpu} *
    crontab -l
    ssh -V
""",
)
