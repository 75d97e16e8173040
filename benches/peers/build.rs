//! Generates tonic's client and server for the echo service, without protoc.

use tonic_build::manual::{Builder, Method, MethodBuilder, Service};

fn main() {
    println!("cargo::rerun-if-changed=build.rs");
    let service = Service::builder()
        .package("peers")
        .name("Echo")
        .method(method("echo", "Echo", MESSAGE, MESSAGE).build())
        .method(method("compute", "Compute", "crate::message::Micros", "crate::message::Micros").build())
        .method(method("upload", "Upload", MESSAGE, SIZE).build())
        .method(method("download", "Download", SIZE, MESSAGE).build())
        .method(method("items", "Items", SIZE, MESSAGE).server_streaming().build())
        .build();
    Builder::new().compile(&[service]);
}

fn method(name: &str, route: &str, input: &str, output: &str) -> MethodBuilder {
    Method::builder()
        .name(name)
        .route_name(route)
        .input_type(input)
        .output_type(output)
        .codec_path("tonic_prost::ProstCodec")
}

const MESSAGE: &str = "crate::message::Message";
const SIZE: &str = "crate::message::Size";
