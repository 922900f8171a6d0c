//! Performs one azvm exchange over HTTP/1.1: deadlines, size caps, no redirects, no proxy, and TLS only when asked.
