"""The parts of a job's script, for dash, bash and busybox. ``@words@`` are filled in."""

from __future__ import annotations

import re
from typing import Final

_BLANK: Final = re.compile(r"@([a-z_]+)@")


def filled(part: str, **words: object) -> str:
    """The part with its blanks filled in; what is filled in may hold anything.

    >>> filled("cd @cwd@", cwd="/a@cwd@")
    'cd /a@cwd@'
    """
    return _BLANK.sub(lambda found: str(words[found[1]]), part)


#: Nothing of a caller's environment may stand in for what is not set here.
WHO: Final = """\
jm_id= jm_end= jm_step=$((@first@ + @pack@ * ${SLURM_ARRAY_TASK_ID:-0}))
"""

WHERE: Final = """\
jm_folder=@folder@
jm_node=$SLURMD_NODENAME
[ -n "$jm_node" ] || read -r jm_node </proc/sys/kernel/hostname
jm_tell() {
  echo "$1" >>"$jm_folder/told-$jm_node" && return
  sleep 1
  echo "$1" >>"$jm_folder/told-$jm_node"
}
jm_claim() {
  set -C
  if { true >"$jm_folder/claims/$1"; } 2>/dev/null; then
    set +C
  elif [ -e "$jm_folder/claims/$1" ] || [ -h "$jm_folder/claims/$1" ]; then
    set +C
    jm_tell "O $1 $jm_node 0 - - - 0 f"
    return 1
  else
    echo "jobmon: $jm_node cannot use the folder $jm_folder" >&2
    exit @cannot_claim@
  fi
}
"""

#: Cases in a file of the folder. Without it, nothing was begun.
SOURCE: Final = """\
jm_table=$jm_folder/steps-$((jm_step / @size@)).sh
[ -r "$jm_table" ] && . "$jm_table"
"""

#: From here on a TERM is only noted: the command has got it, too, and the job waits for it. Others are nothing to us.
BEGIN: Final = """\
[ -n "$jm_id" ] || { echo "jobmon: $jm_node does not find step $jm_step in $jm_folder" >&2; exit @cannot_claim@; }
trap 'jm_end=t' TERM
trap : HUP USR1 USR2
jm_claim "$jm_step" || exit 0
jm_tell "B $jm_step $jm_node $$"
"""

GO: Final = """\
cd @cwd@ 2>/dev/null || { echo "jobmon: cannot work in "@cwd@" on ${SLURMD_NODENAME:-this node}" >&2; exit 127; }
"""

#: Variables with a prefix reach the command whatever the runtime thinks of them.
CONTAINER: Final = """\
if command -v apptainer >/dev/null 2>&1; then
  export @apptainer@
  set -- apptainer exec --pwd "$PWD" @words@ "$@"
elif command -v singularity >/dev/null 2>&1; then
  export @singularity@
  set -- singularity exec --pwd "$PWD" @words@ "$@"
else
  echo "jobmon: there is neither apptainer nor singularity on ${SLURMD_NODENAME:-this node}" >&2
  exit 127
fi
"""

#: Looks for orders, and ends the command before Slurm would end the job: one second is left to tell.
WATCH: Final = """\
jm_signal() {
  for jm_stat in /proc/[0-9]*/stat; do
    { read -r jm_line <"$jm_stat"; } 2>/dev/null || continue
    set -- "$1" "${jm_line%% *}" ${jm_line##*) }
    [ "$4" = $$ ] && [ "$2" != "$jm_me" ] && kill "-$1" "$2"
  done 2>/dev/null
}
jm_nap() {
  sleep "$1" &
  wait "$!"
  [ $? != 127 ] || exit
}
jm_watch() {
  read -r jm_me jm_ </proc/self/stat
  until [ -n "$jm_end" ]; do
    jm_nap @every@
    [ -e "$jm_folder/revoked/$jm_step" ] && [ -z "$jm_end" ] && jm_end=t && kill -TERM $$ && jm_signal TERM
  done
  kill "$!" 2>/dev/null
  jm_nap @grace@
  jm_signal KILL
}
(
  trap 'jm_end=t' TERM
  trap 'kill "$!" 2>/dev/null; exit 0' HUP
  jm_watch
) &
jm_watcher=$!
"""

#: In the shell itself, which spares a process. `command` knows none of our functions.
RUN: Final = """\
read -r jm_from jm_ </proc/uptime
if [ -n "$jm_end" ]; then
  jm_code=143
@go@else
@exports@command "$@"@redirection@
jm_code=$?
unset IFS
fi
read -r jm_to jm_ </proc/uptime
"""

ELSE_GO: Final = """\
elif ! cd @cwd@ 2>/dev/null; then
  { echo "jobmon: cannot work in "@cwd@" on $jm_node" >&2; }@redirection@
  jm_code=127
"""

#: In a shell of its own, which may end before the command begins.
RUN_APART: Final = """\
read -r jm_from jm_ </proc/uptime
jm_code=143
if [ -z "$jm_end" ]; then
(
@child@)@redirection@@waiting@
fi
read -r jm_to jm_ </proc/uptime
"""

#: An output that could not be opened: the shell has said so in the job's own log.
OUTPUT: Final = """\
[ "$jm_code" = 0 ] || [ -e @file@ ] || jm_code=126
"""

#: How the command is waited for: in the foreground; or, where a signal is sent to the job's shell alone, in the
#: background, where a command finds INT and QUIT ignored.
IN_FOREGROUND: Final = """
jm_code=$?"""

IN_BACKGROUND: Final = """ &
jm_pid=$!
trap 'kill -@signal@ "$jm_pid"' @signal@
wait "$jm_pid"
while jm_code=$?; [ "$jm_code" -gt 128 ] && kill -0 "$jm_pid" 2>/dev/null; do wait "$jm_pid"; done"""

#: No more memory than this was held at a time; what is left when the command is over was files'.
MEASURE: Final = """\
read -r jm_ jm_ jm_ jm_ jm_ jm_ jm_ jm_ jm_ jm_ jm_ jm_ jm_ jm_ jm_ jm_user jm_system jm_ </proc/$$/stat
jm_peak=- jm_kills=0 jm_files=0 jm_group= jm_counts=/dev/null
while IFS=: read -r jm_ jm_kind jm_path; do
  case $jm_kind in
  memory | memory,* | *,memory | *,memory,*) jm_group=/sys/fs/cgroup/memory$jm_path && break ;;
  '') jm_group=/sys/fs/cgroup$jm_path ;;
  esac
done </proc/self/cgroup
case $jm_group in
/sys/fs/cgroup/memory/*/job_*)
  jm_counts=$jm_group/memory.oom_control
  { read -r jm_peak <"$jm_group/memory.max_usage_in_bytes"; } 2>/dev/null
  { read -r jm_ jm_files <"$jm_group/memory.stat"; } 2>/dev/null
  ;;
*/job_*)
  while [ ! -e "$jm_group/memory.events" ]; do
    case $jm_group in */job_*/*) jm_group=${jm_group%/*} ;; *) break ;; esac
  done
  jm_counts=$jm_group/memory.events
  { read -r jm_peak <"$jm_group/memory.peak"; } 2>/dev/null
  { { read -r jm_ jm_; read -r jm_ jm_files; } <"$jm_group/memory.stat"; } 2>/dev/null
  ;;
esac
while read -r jm_ jm_count; do
  case $jm_ in oom_kill) jm_kills=$jm_count ;; esac
done 2>/dev/null <"$jm_counts"
case $jm_peak in
*[!0-9]* | '') jm_peak=- ;;
*) [ "$jm_files" -lt "$jm_peak" ] && jm_peak=$((jm_peak - jm_files)) ;;
esac
"""

TELL: Final = """\
jm_wall=$((${jm_to%.*} * 100 + 1${jm_to#*.} - ${jm_from%.*} * 100 - 1${jm_from#*.}))
jm_tell "O $jm_step $jm_node $jm_code ${jm_wall}e-2 $((jm_user + jm_system))e-2 $jm_peak $jm_kills ${jm_end:--}"
"""

STOP_WATCH: Final = """\
kill -HUP "$jm_watcher" 2>/dev/null
wait "$jm_watcher"
"""

EXIT: Final = 'exit "$jm_code"\n'

#: The steps of an element, one after the other. The node's own Python goes first: others may be slow wrappers.
PACK: Final = """\
for jm_python in /usr/bin/python3 /usr/libexec/platform-python python3; do
  command -v "$jm_python" >/dev/null 2>&1 && exec "$jm_python" -I -S "$jm_folder/pack.py" "$jm_folder" @words@
done
echo "jobmon: packed tasks need python3, and there is none on $jm_node" >&2
jm_last=$((jm_step + @pack@ - 1))
while [ "$jm_step" -le "$jm_last" ] && [ "$jm_step" -le @last@ ]; do
  jm_claim "$jm_step" && jm_tell "O $jm_step $jm_node 127 - - - 0 -"
  jm_step=$((jm_step + 1))
done
exit 127
"""
