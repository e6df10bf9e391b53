# Bash completion of izar. Source it, or install it as share/bash-completion/completions/izar.
#
# Words of `izar edge` follow the node's own list: a running node is asked for it (help is cheap), and
# without one the usual commands are offered.

_izar_edge_commands() {
    local help
    help=$(izar edge "$@" help 2>/dev/null) || help='
    start
    stop
    quit
    help
    show port stats all
    show port info all
    show fwd stats all
    show lcores
    show links
    show paths
    explain path NODE NODE
    explain path NODE NODE policy POLICY
    show services
    show flows
    show drops
    show rtt
    show probes
    show status
    show config
    show config state
    set rewrites NUMBER
    clear fwd stats all
    clear port stats all'
    # Usage stands before two blanks; headings end in a colon.
    printf '%s\n' "$help" | sed -n 's/^    \([a-z].*\)$/\1/p' | sed 's/  .*//; s/ \[json\]//; s/ PORT/ all/'
}

_izar_edge() {
    local first=$1 word i
    local -a typed=() where=()
    for ((i = first; i < COMP_CWORD; i++)); do
        word=${COMP_WORDS[i]}
        case $word in
            --socket | --node) where+=("$word" "${COMP_WORDS[i + 1]}"); ((i++)) ;;
            -o | --output) ((i++)) ;;
            *) typed+=("$word") ;;
        esac
    done
    case ${COMP_WORDS[COMP_CWORD - 1]} in
        --socket) mapfile -t COMPREPLY < <(compgen -f -- "$cur"); return ;;
        --node) mapfile -t COMPREPLY < <(compgen -W "$(ls /run/izar 2>/dev/null)" -- "$cur"); return ;;
        -o | --output) mapfile -t COMPREPLY < <(compgen -W 'table json' -- "$cur"); return ;;
    esac
    if [[ $cur == -* ]]; then
        mapfile -t COMPREPLY < <(compgen -W '--socket --node --output --help' -- "$cur")
        return
    fi
    local words
    words=$(_izar_edge_commands "${where[@]}" | awk -v prefix="${typed[*]}" '
        BEGIN { n = split(prefix, want, " ") }
        { fits = 1
          for (i = 1; i <= n; i++) if ($i != want[i]) fits = 0
          if (fits && NF > n) { gsub(/\|/, " ", $(n + 1)); print $(n + 1) } }' | tr ' ' '\n' | sort -u)
    mapfile -t COMPREPLY < <(compgen -W "$words" -- "$cur")
}

_izar() {
    local cur=${COMP_WORDS[COMP_CWORD]}
    COMPREPLY=()
    if ((COMP_CWORD == 1)); then
        mapfile -t COMPREPLY < <(compgen -W 'edge lab replay path paths node nodes service services domain domains token tokens
            status config link links groups controllers history events --help --version' -- "$cur")
        return
    fi
    case ${COMP_WORDS[1]} in
        edge) _izar_edge 2 ;;
        lab)
            if ((COMP_CWORD == 2)); then
                mapfile -t COMPREPLY < <(compgen -W 'up down status exec link trace restart kill' -- "$cur")
            else
                mapfile -t COMPREPLY < <(compgen -f -- "$cur")
            fi
            ;;
        events) mapfile -t COMPREPLY < <(compgen -W '--follow --socket --api --token-file --authority --output' -- "$cur") ;;
        link)
            if ((COMP_CWORD == 2)); then
                mapfile -t COMPREPLY < <(compgen -W 'rekey' -- "$cur")
            else
                mapfile -t COMPREPLY < <(compgen -W '--wait --socket --api --token-file --authority --output' -- "$cur")
            fi
            ;;
        links) mapfile -t COMPREPLY < <(compgen -W '--heat --local --node --socket --api --token-file --authority --output' -- "$cur") ;;
        status | config | nodes | services)
            mapfile -t COMPREPLY < <(compgen -W '--local --node --socket --api --token-file --authority --output' -- "$cur") ;;
        *) mapfile -t COMPREPLY < <(compgen -f -- "$cur") ;;
    esac
}
complete -F _izar izar
