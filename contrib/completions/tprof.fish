# fish completion for tprof(1)

# After "--" there is a command, and what is before it.
function __fish_tprof_launches
	contains -- -- (commandline -opc)
end

function __fish_tprof_command
	set -l words (commandline -opc)
	not __fish_tprof_launches; and test (count $words) -gt 1
	and contains -- $words[2] $argv
end

# Neither a subcommand nor a program to launch.
function __fish_tprof_live
	not __fish_tprof_launches; and not __fish_tprof_command record report doctor
end

function __fish_tprof_first
	test (count (commandline -opc)) -eq 1
end

# Numbers with names, and names; with what stands before the last comma.
function __fish_tprof_processes
	set -l token (commandline -ct)
	set -l known (string replace -r '^(--pid=|-p)' '' -- "$token" | string match -r '^.*,')
	for file in /proc/*/comm
		set -l pid (string split / $file)[3]
		string match -qr '^[0-9]+$' -- $pid; or continue
		set -l name (cat $file 2>/dev/null); or continue
		echo "$known"$pid\t$name
		echo "$known"$name\tprocess
	end
end

# What the program to launch takes: as if it stood alone.
function __fish_tprof_launched
	set -l words (commandline -opc) (commandline -ct)
	set -l rest $words[(math (contains -i -- -- $words) + 1)..-1]
	set -l before
	if test (count $rest) -gt 1
		set before (string escape -- $rest[1..-2])
	end
	complete -C (string join ' ' -- $before "$rest[-1]")
end

complete -c tprof -n __fish_tprof_first -f -a record -d 'Measure without a screen and save'
complete -c tprof -n __fish_tprof_first -f -a report -d 'Print a report'
complete -c tprof -n __fish_tprof_first -f -a doctor -d 'Say what works here'

set -l any 'not __fish_tprof_launches'
set -l measures "$any; and not __fish_tprof_command doctor"

complete -c tprof -n $any -s '?' -l help -d 'Give a help list'
complete -c tprof -n $any -l usage -d 'Give a short usage message'
complete -c tprof -n $any -s V -l version -d 'Print the version'

complete -c tprof -n $measures -s p -l pid -x -a '(__fish_tprof_processes)' -d 'Measure running processes'
complete -c tprof -n $measures -s a -l all -d 'Measure the whole system'
complete -c tprof -n $measures -l no-follow -d 'Leave out child processes'
complete -c tprof -n $measures -s F -l freq -x -a '99 499 999 4999' -d 'Samples per second and CPU'
complete -c tprof -n $measures -s e -l event -x -a 'auto cycles instructions cpu-clock task-clock page-faults context-switches cache-misses branch-misses' -d 'What makes a sample'
complete -c tprof -n $measures -l backend -x -a 'auto bpf perf' -d 'What takes the samples'
complete -c tprof -n $measures -l call-graph -x -a 'auto fp none' -d 'How stacks are walked'
complete -c tprof -n $measures -l for -x -a '500ms 1s 5s 10s 1m' -d 'Sample for so long'
complete -c tprof -n $measures -l memory -x -a '64M 128M 256M 512M 1G' -d 'Stay within so much memory'

complete -c tprof -n __fish_tprof_live -l color -x -a 'always never auto' -d 'When to use colours'
complete -c tprof -n __fish_tprof_live -l ascii -d 'Draw with ASCII characters only'
complete -c tprof -n __fish_tprof_live -l delay -x -a '100ms 250ms 500ms 1s' -d 'Time between updates'
complete -c tprof -n __fish_tprof_live -l output -r -d 'Keep all that the command writes'
complete -c tprof -n '__fish_tprof_live; or __fish_tprof_command record' -l weight -x -a 'samples time' -d 'What is saved'

complete -c tprof -n '__fish_tprof_command record report' -s o -l output -r -d 'Where to write'
complete -c tprof -n '__fish_tprof_command report doctor' -l json -d 'Print JSON'
complete -c tprof -n '__fish_tprof_command report' -l csv -d 'Print comma-separated values'
complete -c tprof -n '__fish_tprof_command report' -l view -x -a 'functions tree quality' -d 'What to report'
complete -c tprof -n '__fish_tprof_command report' -l top -x -a '10 20 50 100' -d 'Only the first rows'
complete -c tprof -n '__fish_tprof_command doctor' -f

complete -c tprof -n __fish_tprof_launches -x -a '(__fish_tprof_launched)'
