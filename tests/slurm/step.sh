# What a task of the campaign runs: sh step.sh LOG NAME SECONDS well|fails|eats
# It says in LOG, a line at a time, that it begins, which others run then, and how it ends: what really ran, not what
# anybody believes.
log=$1 name=$2 seconds=$3 how=$4
say() { echo "$1 $name $JOBMON_TASK_INSTANCE_ID $JOBMON_WORKFLOW_RUN_ID $$ $2" >>"$log"; }
end() { say "$1"; exit "$2"; }

say begins
trap 'kill "$sleeping" 2>/dev/null; end told 143' TERM
while read -r what other attempt run pid _; do
  [ "$what" = begins ] && [ "$pid" != $$ ] && kill -0 "$pid" 2>/dev/null && say beside "$other $attempt $run $pid"
done <"$log"
sleep "$seconds" & sleeping=$!
wait "$sleeping"
case $how in
fails)
  if mkdir "$log.$name" 2>/dev/null; then end fails 1; fi ;;
eats)
  [ "$(head -c 120000000 /dev/zero | tail -c 120000000 | wc -c)" = 120000000 ] || end fails 137 ;;
esac
end succeeds 0
