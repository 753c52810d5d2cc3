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
jm_id= jm_end= jm_killer= jm_watcher= jm_step=$((@first@ + @pack@ * ${SLURM_ARRAY_TASK_ID:-0}))
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

#: A TERM ends nothing yet: the command gets it, and the job waits for its end.
BEGIN: Final = """\
[ -n "$jm_id" ] || { echo "jobmon: $jm_node does not find step $jm_step in $jm_folder" >&2; exit @cannot_claim@; }
trap jm_end=t TERM
trap : HUP
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

#: The command, in the background, since a shell hears no signal while it waits for what is in its foreground.
#: There, INT and QUIT are ignored; bash takes that back.
RUN: Final = """\
read -r jm_from jm_ </proc/uptime
jm_code=143
if [ -z "$jm_end" ]; then
jm_code=
(
trap - INT QUIT
@child@)@redirection@ &
jm_pid=$!
@wait@
@output@fi
read -r jm_to jm_ </proc/uptime
"""

#: It is its own program, save where a shell would not need one.
BECOME: Final = """\
case $1 in true | false | echo) "$@" ;; *)
@listen@exec "$@" ;; esac
"""

#: For shells that do not take it back. It costs a program, so that it is for jobs which can afford it; whether a node
#: has a program that can do it is found out by the first of its jobs.
LISTEN: Final = """\
if [ -z "$BASH_VERSION" ]; then
  jm_=$jm_folder/hears-$jm_node
  { [ -e "$jm_" ] || { env --default-signal=INT,QUIT true && true >"$jm_"; }; } 2>/dev/null &&
    set -- env --default-signal=INT,QUIT "$@"
fi
"""

#: Slurm tells the job's shell alone that its time is over, and ends everything KillWait later: one second before, the
#: command is ended, so that there is time to tell. Any signal ends the shell's wait, which is then begun again; a
#: command that is no longer known (127) has ended as was said before. Until the watcher is known by its number, a TERM
#: is only noted: who is begun by a trap in between would be taken for it.
WAIT: Final = """\
jm_ask() {
  trap jm_woken=yes TERM
  jm_end=t jm_woken=yes
  kill -TERM "$jm_pid" 2>/dev/null
  (
    trap 'kill -KILL "$!" 2>/dev/null; exit' ALRM
    sleep @grace@ &
    wait "$!"
    kill -KILL "$jm_pid" 2>/dev/null
  ) &
  jm_killer=$!
}
@watch@trap jm_ask TERM
[ -z "$jm_end" ] || jm_ask
for jm_ in @signals@; do trap "jm_woken=yes; kill -$jm_ $jm_pid" "$jm_"; done
while
  jm_woken=
  wait "$jm_pid"
  jm_=$?
  [ -n "$jm_code" ] && [ "$jm_" = 127 ] || jm_code=$jm_
  [ -n "$jm_woken" ]
do :; done
for jm_ in $jm_killer $jm_watcher; do kill -ALRM "$jm_" && wait "$jm_"; done 2>/dev/null"""

#: Helpers end by a signal for which the job's shell has no trap: its traps are theirs, too, when they are just born.
#: This one looks once a minute whether the step's time is over.
WATCH: Final = """\
(
  trap 'kill -KILL "$!" 2>/dev/null; exit' ALRM
  while sleep @every@ & wait "$!"; do
    [ -e "$jm_folder/revoked/$jm_step" ] && kill -TERM $$ && exit
  done
) &
jm_watcher=$!
"""

#: An output that could not be opened: the shell has said so in the job's own log.
OUTPUT: Final = """\
[ "$jm_code" = 0 ] || [ -e @file@ ] || jm_code=126
"""

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
