#[network::service(crate = "crate::vendored::network")]
trait Ping {
    async fn ping(&self) -> Result<(), String>;
}
