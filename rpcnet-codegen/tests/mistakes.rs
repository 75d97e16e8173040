//! What is told of a trait that was refused. How each rule's message looks to a user is in `ui-tests`.

use proc_macro2::TokenStream;
use quote::ToTokens;

/// Expects the mistakes of `item` to be told in this order, each by a message that contains the text.
fn check(item: &str, expected: &[&str]) {
    let told = messages(item);
    let is_expected = told.len() == expected.len() && told.iter().zip(expected).all(|(told, text)| told.contains(text));
    assert!(is_expected, "expected {expected:#?}\ntold {told:#?}");
}

fn messages(item: &str) -> Vec<String> {
    match rpcnet_codegen::expand_service("".parse().expect("nothing"), item.parse().expect("tokens")) {
        Ok(_) => Vec::new(),
        Err(error) => error.into_iter().map(|error| error.to_string()).collect(),
    }
}

#[test]
fn all_mistakes_of_a_trait_are_told_at_once_and_each_once() {
    check(
        "trait T<X> {
            const A: u8;
            #[rpc(deadline = \"5x\", retry)]
            fn f(self, a: &str, a: u8);
            async fn new(&self) -> Box<dyn Error> { body }
            async fn new(&self, _: fn()) -> Result<Self, &'static str>;
        }",
        &[
            "unknown option",
            "`x` is not a unit of time",
            "has no parameters",
            "move constants out",
            "a method `new` already",
            "is async",
            "take `&self`",
            "outlives its caller",
            "an argument `a` already",
            "-> Result<(), E>",
            "has a `new` of its own",
            "a client has no use for a body",
            "-> Result<Box<dyn Error>, E>",
            "has a `new` of its own",
            "under their names",
            "a pointer means nothing",
            "`Self` is the server's own type",
            "write `String`",
        ],
    );
}

#[test]
fn one_mistake_is_not_told_as_another_one_too() {
    check("trait T { async fn f(&self, a: &dyn Error) -> Result<(), E>; }", &["in place of `dyn`"]);
    check("trait T { async fn f(&self) -> &dyn Error; }", &["-> Result<T, E>"]);
    check(
        "trait T { async fn f(&self) -> impl Stream<Item = u8>; }",
        &["Result<impl Stream<Item = Result<u8, E>>, E>"],
    );
    check("trait T { async fn f(&self) -> Result<impl Stream<Item = u8>, F>; }", &["Item = Result<u8, F>"]);
    check("trait T { async fn f(&self) -> Pin<Box<dyn Stream<Item = R> + Send>>; }", &["needs no box"]);
    check(
        "trait T { async fn f(&self, a: Streaming<R>, b: Streaming<R>, c: u8) -> R; }",
        &["last argument", "one stream"],
    );
    check("trait T { async fn f(&self, a: Streaming<&[u8]>) -> R; }", &["write `Vec<u8>`"]);
    check("trait T { async fn f(&self, (a, b): (u8, u8), (c, d): (u8, u8)) -> R; }", &["plain name", "plain name"]);
    check(
        "trait T { #[rpc(rename = \"f f\")] async fn f(&self) -> R; #[rpc(rename)] async fn g(&self) -> R; }",
        &["a name on the wire", "takes a string"],
    );
}

#[test]
fn what_looks_unusual_and_is_fine_is_accepted() {
    check("trait T { async fn f(&self) -> R; }", &[]);
    check("trait T { async fn f(&self,) -> (Result<Cow<'static, str>, [u8; 4]>); }", &[]);
    check(
        "trait T: Debug + 'static where Self: Sized { async fn f(&self, r#type: m::T<U, 3>) -> m::Result<()>; }",
        &[],
    );
    check("trait T { async fn f(&self, a: Streaming<Result<A, B>>) -> R<impl Stream<Item = R> + Unpin>; }", &[]);
    check("trait T { #[cfg(a)] async fn f(&self) -> R; #[cfg(not(a))] async fn f(&self, a: u8) -> R; }", &[]);
    check(
        "trait T { #[rpc()] async fn f(&self) -> R; #[rpc(rename = \"f2\",)] async fn g(&self) -> my_type!(); }",
        &[],
    );
}

#[test]
fn the_skeleton_has_every_name_of_the_service() {
    let service = "pub(crate) trait Greeting {}";
    let skeleton = rpcnet_codegen::expand("".parse().expect("nothing"), service.parse().expect("tokens"));
    let file: syn::File = syn::parse2(skeleton).expect("a skeleton that is Rust");
    let [errors, names] = &*file.items else { panic!("one module of errors and one import") };
    assert!(errors.to_token_stream().to_string().contains("compile_error"));
    assert_eq!(
        names.to_token_stream().to_string(),
        "pub (crate) use __Greeting_refused :: \
         { Greeting , GreetingHandler , GreetingMethods , GreetingClient , GreetingServer } ;"
    );
}

#[test]
fn an_editor_is_given_what_the_complete_methods_expand_to() {
    let check = |half: &str| {
        let service = format!(
            "pub trait Greeting {{ /// Greets. \nasync fn greet(&self) -> R; {half}\n async fn leave(&self, a: A) -> R; }}"
        );
        let tokens = rpcnet_codegen::expand_in_editor(TokenStream::new(), service.parse().expect("tokens"));
        let text = tokens.to_string();
        assert!(text.contains("compile_error"), "{half}: {text}");
        assert!(text.contains("fn greet"), "{half}: {text}");
        assert!(text.contains("pub fn leave (& self , a : A ,)"), "{half}: {text}");
        syn::parse2::<syn::File>(tokens).unwrap_or_else(|error| panic!("{half}: {error}"));
    };
    for half in ["async", "async fn", "async fn wave", "async fn wave()", "async fn wave(&self, name)"] {
        check(half);
    }
    for half in ["async fn wave(&self) ->", "async fn wave(&self) -> Result<", "#[rpc]", "fn wave(&self);"] {
        check(half);
    }
}

#[test]
fn an_item_that_is_no_trait_is_left_as_it_was() {
    let item = "struct Greeting ;";
    let tokens = rpcnet_codegen::expand("".parse().expect("nothing"), item.parse().expect("tokens"));
    assert!(tokens.to_string().ends_with(item), "{tokens}");
}
