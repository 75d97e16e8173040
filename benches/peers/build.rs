//! Generates tonic's client and server for the echo service, without protoc.

use tonic_build::manual::{Builder, Method, Service};

fn main() {
    println!("cargo::rerun-if-changed=build.rs");
    let service = Service::builder()
        .package("peers")
        .name("Echo")
        .method(method("echo", "Echo", "crate::message::Message"))
        .method(method("compute", "Compute", "crate::message::Micros"))
        .build();
    Builder::new().compile(&[service]);
}

/// A unary method that answers with the type it was sent.
fn method(name: &str, route: &str, message: &str) -> Method {
    Method::builder()
        .name(name)
        .route_name(route)
        .input_type(message)
        .output_type(message)
        .codec_path("tonic_prost::ProstCodec")
        .build()
}
