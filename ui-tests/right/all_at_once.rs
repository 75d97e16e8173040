use rpcnet::InProcess;

#[rpcnet::service(name = "api.Greeting")]
pub trait Greeting {
    async fn greet(&self, name: String) -> Result<String, String>;
    #[rpc(deadline = "5s")]
    async fn wave(&self, point: (i64, i64)) -> Result<(), String>;
    async fn leave(&self) -> Result<(), String>;
}

struct MyGreeting;

impl Greeting for MyGreeting {
    async fn greet(&self, name: String) -> Result<String, String> {
        Ok(name)
    }

    async fn wave(&self, _point: (i64, i64)) -> Result<(), String> {
        Ok(())
    }

    async fn leave(&self) -> Result<(), String> {
        Ok(())
    }
}

pub async fn use_it() {
    let client = GreetingClient::new(InProcess::new(GreetingServer::new(MyGreeting)));
    let _left: Result<(), _> = client.leave().await;
}
