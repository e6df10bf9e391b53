// free_by.h -- FreeBy<f>: a unique_ptr's deleter for objects of a C library, which function f frees.
//
// Thread: values only.
#pragma once

namespace izar {

template <auto Free>
struct FreeBy {
    template <typename T>
    void operator()(T* object) const noexcept {
        Free(object);
    }
};

}  // namespace izar
