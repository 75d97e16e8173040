//! What to write instead, for each program in `fail/`: all of it compiles.
#![expect(dead_code, unreachable_pub, reason = "shown as people would write it")]

#[path = "../right/all_at_once.rs"]
mod all_at_once;
#[path = "../right/argument_attribute.rs"]
mod argument_attribute;
#[path = "../right/argument_pattern.rs"]
mod argument_pattern;
#[path = "../right/associated_item.rs"]
mod associated_item;
#[path = "../right/bad_crate_path.rs"]
mod bad_crate_path;
#[path = "../right/bad_duration.rs"]
mod bad_duration;
#[path = "../right/bad_item_name.rs"]
mod bad_item_name;
#[path = "../right/bad_wire_name.rs"]
mod bad_wire_name;
#[path = "../right/boxed_stream.rs"]
mod boxed_stream;
#[path = "../right/conditional_option.rs"]
mod conditional_option;
#[path = "../right/default_body.rs"]
mod default_body;
#[path = "../right/doubtful_type.rs"]
mod doubtful_type;
#[path = "../right/duplicate_argument.rs"]
mod duplicate_argument;
#[path = "../right/duplicate_method.rs"]
mod duplicate_method;
#[path = "../right/duplicate_option.rs"]
mod duplicate_option;
#[path = "../right/duplicate_wire_name.rs"]
mod duplicate_wire_name;
#[path = "../right/dynamic_type.rs"]
mod dynamic_type;
#[path = "../right/empty_trait.rs"]
mod empty_trait;
#[path = "../right/foreign_request_stream.rs"]
mod foreign_request_stream;
#[path = "../right/generic_method.rs"]
mod generic_method;
#[path = "../right/generic_trait.rs"]
mod generic_trait;
#[path = "../right/handler_future_not_send.rs"]
mod handler_future_not_send;
#[path = "../right/handler_missing_method.rs"]
mod handler_missing_method;
#[path = "../right/handler_other_signature.rs"]
mod handler_other_signature;
#[path = "../right/handler_other_stream.rs"]
mod handler_other_stream;
#[path = "../right/handler_stream_not_send.rs"]
mod handler_stream_not_send;
#[path = "../right/idempotent_stream.rs"]
mod idempotent_stream;
#[path = "../right/inferred_type.rs"]
mod inferred_type;
#[path = "../right/malformed_options.rs"]
mod malformed_options;
#[path = "../right/missing_output.rs"]
mod missing_output;
#[path = "../right/missing_receiver.rs"]
mod missing_receiver;
#[path = "../right/nested_request_stream.rs"]
mod nested_request_stream;
#[path = "../right/nested_response_stream.rs"]
mod nested_response_stream;
#[path = "../right/not_a_trait_function.rs"]
mod not_a_trait_function;
#[path = "../right/not_a_trait_impl.rs"]
mod not_a_trait_impl;
#[path = "../right/not_a_trait_struct.rs"]
mod not_a_trait_struct;
#[path = "../right/not_async.rs"]
mod not_async;
#[path = "../right/option_outside_rpc.rs"]
mod option_outside_rpc;
#[path = "../right/option_value.rs"]
mod option_value;
#[path = "../right/output_not_a_result.rs"]
mod output_not_a_result;
#[path = "../right/pointer_type.rs"]
mod pointer_type;
#[path = "../right/qualified_method.rs"]
mod qualified_method;
#[path = "../right/receiver_by_value.rs"]
mod receiver_by_value;
#[path = "../right/request_stream_not_last.rs"]
mod request_stream_not_last;
#[path = "../right/reserved_name.rs"]
mod reserved_name;
#[path = "../right/returned_streaming.rs"]
mod returned_streaming;
#[path = "../right/rpc_on_trait.rs"]
mod rpc_on_trait;
#[path = "../right/self_type.rs"]
mod self_type;
#[path = "../right/stream_error_differs.rs"]
mod stream_error_differs;
#[path = "../right/stream_item_not_a_result.rs"]
mod stream_item_not_a_result;
#[path = "../right/stream_outside_result.rs"]
mod stream_outside_result;
#[path = "../right/stream_without_item.rs"]
mod stream_without_item;
#[path = "../right/too_many_arguments.rs"]
mod too_many_arguments;
#[path = "../right/two_request_streams.rs"]
mod two_request_streams;
#[path = "../right/type_all_at_once.rs"]
mod type_all_at_once;
#[path = "../right/type_argument_not_serde.rs"]
mod type_argument_not_serde;
#[path = "../right/type_item_name_taken.rs"]
mod type_item_name_taken;
#[path = "../right/type_output_not_a_result.rs"]
mod type_output_not_a_result;
#[path = "../right/type_output_not_serde.rs"]
mod type_output_not_serde;
#[path = "../right/type_request_not_serde.rs"]
mod type_request_not_serde;
#[path = "../right/type_stream_error_differs.rs"]
mod type_stream_error_differs;
#[path = "../right/type_stream_item_not_a_result.rs"]
mod type_stream_item_not_a_result;
#[path = "../right/type_stream_item_not_serde.rs"]
mod type_stream_item_not_serde;
#[path = "../right/type_stream_not_imported.rs"]
mod type_stream_not_imported;
#[path = "../right/type_streaming_of_another_crate.rs"]
mod type_streaming_of_another_crate;
#[path = "../right/type_unknown.rs"]
mod type_unknown;
#[path = "../right/unfit_argument.rs"]
mod unfit_argument;
#[path = "../right/unfit_output.rs"]
mod unfit_output;
#[path = "../right/unknown_option.rs"]
mod unknown_option;
#[path = "../right/unsafe_trait.rs"]
mod unsafe_trait;
#[path = "../right/visible_method.rs"]
mod visible_method;
