#include "probes/measurement.h"

#include <algorithm>

namespace izar {

std::string_view name_of(MeasurementSource source) noexcept {
    switch (source) {
        case MeasurementSource::link:
            return "link";
        case MeasurementSource::stamp:
            return "stamp";
        case MeasurementSource::tcp_connect:
            return "tcp_connect";
        case MeasurementSource::tcp_handshake:
            return "tcp_handshake";
        case MeasurementSource::tcp_timestamp:
            return "tcp_timestamp";
    }
    return "unknown";
}

void MeasurementWindow::add(Nanos rtt, Instant at) noexcept {
    if (now_.samples == 0) {
        now_.least = rtt;
    } else {
        differences_ += std::chrono::abs(rtt - last_);
    }
    now_.least = std::min(now_.least, rtt);
    now_.newest = at;
    ++now_.samples;
    sum_ += rtt;
    last_ = rtt;
}

Measurement MeasurementWindow::peek() const noexcept {
    Measurement out = now_;
    if (out.samples > 0) {
        out.mean = sum_ / out.samples;
    }
    if (out.samples > 1) {
        out.variation = differences_ / (out.samples - 1);
    }
    return out;
}

Measurement MeasurementWindow::take() noexcept {
    const Measurement out = peek();
    *this = MeasurementWindow(out.source);
    return out;
}

}  // namespace izar
