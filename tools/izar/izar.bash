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

# Options of each question to a controller; those that a noun or verb adds come before.
_izar_asking='--socket --api --token-file --authority --output --help'

# Names that follow a verb: what there is, asked of the controller (cheap, and nothing where none answers).
_izar_names() {
    izar "$1" -o json 2>/dev/null | grep -o "\"$2\":\"[^\"]*\"" | cut -d'"' -f4
}

_izar_offer() {
    mapfile -t COMPREPLY < <(compgen -W "$1" -- "$cur")
}

# What follows the noun: one of its verbs; then options, or names of what the verb is about.
_izar_verbs() {
    local verbs=$1 verb=${COMP_WORDS[2]}
    if ((COMP_CWORD == 2)); then
        _izar_offer "$verbs --help"
    elif [[ $cur == -* ]]; then
        case "${COMP_WORDS[1]} $verb" in
            'token create') _izar_offer "--region --ttl --uses $_izar_asking" ;;
            'node drain') _izar_offer "--wait $_izar_asking" ;;
            'link rekey') _izar_offer "--wait $_izar_asking" ;;
            'node system' | 'link '*) _izar_offer "--watch $_izar_asking" ;;
            'service add') _izar_offer "--vip --vip-at --protocol --ports --origin --egress --duplicate $_izar_asking" ;;
            'service set') _izar_offer "--vip --vip-at --no-vip-at --protocol --ports --origin --egress --every-egress --duplicate --no-duplicate $_izar_asking" ;;
            'domain set') _izar_offer "--service $_izar_asking" ;;
            *) _izar_offer "$_izar_asking" ;;
        esac
    elif ((COMP_CWORD == 3)); then
        case "${COMP_WORDS[1]} $verb" in
            'node '* | 'link metrics') _izar_offer "$(_izar_names nodes name)" ;;
            'service set' | 'service rm') _izar_offer "$(_izar_names services name)" ;;
            'domain set' | 'domain rm') _izar_offer "$(_izar_names domains domain)" ;;
            'token withdraw') _izar_offer "$(_izar_names tokens id)" ;;
        esac
    fi
}

_izar() {
    local cur=${COMP_WORDS[COMP_CWORD]}
    COMPREPLY=()
    if ((COMP_CWORD == 1)); then
        _izar_offer 'edge lab replay path paths node nodes link links service services domain domains token tokens
            status config groups controllers history events --help --version'
        return
    fi
    case ${COMP_WORDS[COMP_CWORD - 1]} in
        -o | --output) _izar_offer 'table json'; return ;;
        --protocol) _izar_offer 'tcp udp icmp'; return ;;
        --socket | --token-file | --authority) mapfile -t COMPREPLY < <(compgen -f -- "$cur"); return ;;
    esac
    case ${COMP_WORDS[1]} in
        edge) _izar_edge 2 ;;
        lab)
            if ((COMP_CWORD == 2)); then
                _izar_offer 'up down status exec link trace restart kill'
            else
                mapfile -t COMPREPLY < <(compgen -f -- "$cur")
            fi
            ;;
        node) _izar_verbs 'drain revoke system undrain' ;;
        link) _izar_verbs 'metrics probes rekey' ;;
        service) _izar_verbs 'add rm set' ;;
        domain) _izar_verbs 'rm set' ;;
        token) _izar_verbs 'create withdraw' ;;
        path) ((COMP_CWORD == 2)) && _izar_offer 'explain list --help' ;;
        events) _izar_offer "--follow $_izar_asking" ;;
        links) _izar_offer "--heat --local --node --watch $_izar_asking" ;;
        config) _izar_offer "--local --node $_izar_asking" ;;
        status | nodes | services) _izar_offer "--local --node --watch $_izar_asking" ;;
        domains | tokens | groups | controllers) _izar_offer "--watch $_izar_asking" ;;
        history)
            case $cur in
                -*) _izar_offer "--metric --last --points $_izar_asking" ;;
                *) _izar_offer "$(_izar_names nodes name)" ;;
            esac
            ;;
        *) mapfile -t COMPREPLY < <(compgen -f -- "$cur") ;;
    esac
}
complete -F _izar izar
