# The first start of ClickHouse's machine. Before it stand: REGION VOLUME_ID SECRET_ARN BUCKET DATABASE STORE_USER METRIC_NAMESPACE DISK_METRIC
# HAS_CACHE
set -euo pipefail
export AWS_DEFAULT_REGION="$REGION"

# The way out may be a moment younger than this machine.
persist() {
  for _ in $(seq 90); do
    "$@" && return 0
    sleep 10
  done
  echo "gave up: $*" >&2
  return 1
}

token=$(curl -sf -X PUT -H 'X-aws-ec2-metadata-token-ttl-seconds: 300' http://169.254.169.254/latest/api/token)
instance=$(curl -sf -H "X-aws-ec2-metadata-token: $token" http://169.254.169.254/latest/meta-data/instance-id)

# The machine before this one holds the volume until it is gone.
persist aws ec2 attach-volume --volume-id "$VOLUME_ID" --instance-id "$instance" --device /dev/sdf
device="/dev/disk/by-id/nvme-Amazon_Elastic_Block_Store_${VOLUME_ID/-/}"
persist test -e "$device"
# Only a volume without any file system gets one.
if [ -z "$(blkid -o value -s TYPE "$device" || true)" ]; then mkfs.xfs "$device"; fi
mkdir -p /var/lib/clickhouse
echo "$device /var/lib/clickhouse xfs defaults,noatime,nofail 0 2" >> /etc/fstab
mount /var/lib/clickhouse

persist curl -sf -o /etc/yum.repos.d/clickhouse.repo https://packages.clickhouse.com/rpm/clickhouse.repo
persist dnf install -y -q clickhouse-server clickhouse-client jq

password=$(aws secretsmanager get-secret-value --secret-id "$SECRET_ARN" --query SecretString --output text | jq -r .password)
hash=$(printf '%s' "$password" | sha256sum | cut -d' ' -f1)

cat > /etc/clickhouse-server/config.d/tidemark.xml <<XML
<clickhouse>
  <listen_host>0.0.0.0</listen_host>
  <max_server_memory_usage_to_ram_ratio>0.75</max_server_memory_usage_to_ram_ratio>
  <mark_cache_size>268435456</mark_cache_size>
  <uncompressed_cache_size>0</uncompressed_cache_size>
  <background_pool_size>4</background_pool_size>
  <s3><tidemark><endpoint>https://$BUCKET.s3.$REGION.amazonaws.com/</endpoint><use_environment_credentials>true</use_environment_credentials></tidemark></s3>
  <query_log><ttl>event_date + INTERVAL 7 DAY</ttl></query_log>
  <trace_log remove="1"/><metric_log remove="1"/><asynchronous_metric_log remove="1"/><processors_profile_log remove="1"/><text_log remove="1"/>
</clickhouse>
XML
# One user, with a password. The one that comes with the package may do nothing from outside.
cat > /etc/clickhouse-server/users.d/tidemark.xml <<XML
<clickhouse>
  <users>
    <default><networks replace="replace"><ip>127.0.0.1</ip></networks><profile>readonly</profile></default>
    <$STORE_USER>
      <password_sha256_hex>$hash</password_sha256_hex>
      <networks><ip>::/0</ip></networks>
      <profile>default</profile>
      <quota>default</quota>
    </$STORE_USER>
  </users>
</clickhouse>
XML
chown -R clickhouse:clickhouse /var/lib/clickhouse /etc/clickhouse-server
chmod 600 /etc/clickhouse-server/users.d/tidemark.xml
systemctl enable --now clickhouse-server

# Every night, whole, to the bucket; S3 drops them after 30 days.
install -d -m 700 /etc/tidemark
(umask 077 && printf '<config><user>%s</user><password>%s</password></config>\n' "$STORE_USER" "$password" > /etc/tidemark/client.xml)
cat > /etc/tidemark/backup.sh <<SH
#!/bin/bash
set -euo pipefail
clickhouse-client --config-file /etc/tidemark/client.xml \
  --query "BACKUP DATABASE $DATABASE TO S3('https://$BUCKET.s3.$REGION.amazonaws.com/backups/\$(date -u +%Y-%m-%d)/')"
SH
chmod 700 /etc/tidemark/backup.sh
cat > /etc/systemd/system/tidemark-backup.service <<UNIT
[Unit]
Description=Backup of the store
[Service]
Type=oneshot
ExecStart=/etc/tidemark/backup.sh
UNIT
cat > /etc/systemd/system/tidemark-backup.timer <<UNIT
[Unit]
Description=Backup of the store, nightly
[Timer]
OnCalendar=*-*-* 02:17:00 UTC
Persistent=true
[Install]
WantedBy=timers.target
UNIT
# How full the volume is, every five minutes; silence is an alarm.
cat > /etc/tidemark/disk.sh <<SH
#!/bin/bash
set -euo pipefail
used=\$(df --output=pcent /var/lib/clickhouse | tail -1 | tr -dc 0-9)
aws cloudwatch put-metric-data --region "$REGION" --namespace "$METRIC_NAMESPACE" --metric-name "$DISK_METRIC" --unit Percent --value "\$used"
SH
chmod 700 /etc/tidemark/disk.sh
cat > /etc/systemd/system/tidemark-disk.service <<UNIT
[Unit]
Description=How full the volume is
[Service]
Type=oneshot
ExecStart=/etc/tidemark/disk.sh
UNIT
cat > /etc/systemd/system/tidemark-disk.timer <<UNIT
[Unit]
Description=How full the volume is, every five minutes
[Timer]
OnBootSec=1min
OnUnitActiveSec=5min
AccuracySec=10s
[Install]
WantedBy=timers.target
UNIT
systemctl daemon-reload
systemctl enable --now tidemark-backup.timer tidemark-disk.timer

if [ "$HAS_CACHE" = yes ]; then
  persist dnf install -y -q valkey
  cat >> /etc/valkey/valkey.conf <<CONF
bind 0.0.0.0
requirepass $password
maxmemory 256mb
maxmemory-policy volatile-lru
save ""
CONF
  chmod 640 /etc/valkey/valkey.conf
  systemctl enable --now valkey
fi
