//! What ARM lists, read to its end.

use crate::scripted::Scripted;
use crate::support::{arm, arm_builder, group_id, requests, start, start_with};
use azvm_arm::{Operation, Verdict, evaluate};
use azvm_identity::{AssignmentFilter, Error, PagingError};
use azvm_simulator::Server;

#[tokio::test]
async fn the_rights_of_a_reader_are_read() {
    let simulator = start("healthy").await;
    let (arm, id) = (arm(&simulator), group_id(&simulator));
    let permissions = arm.permissions(&id).await.unwrap();
    let ask = |action| evaluate(&permissions, Operation::Action(action));
    assert_eq!(
        ask("Microsoft.Compute/virtualMachines/read"),
        Verdict::Allowed
    );
    assert_eq!(
        ask("Microsoft.Compute/virtualMachines/delete"),
        Verdict::NotGranted
    );

    let object_id = &simulator.world().system_identity().unwrap().object_id;
    let assignments = arm.role_assignments(&id, object_id).await.unwrap();
    assert!(!assignments.is_empty());
    assert!(
        assignments
            .iter()
            .all(|assignment| assignment.principal_id == *object_id)
    );
    let elsewhere = AssignmentFilter::PrincipalId(object_id);
    let elsewhere = arm.role_assignments_where(&id, elsewhere).await.unwrap();
    assert_eq!(elsewhere.len(), assignments.len());
    assert!(
        arm.deny_assignments(&id, AssignmentFilter::AtScope)
            .await
            .unwrap()
            .is_empty()
    );
}

#[tokio::test]
async fn the_tenant_and_the_subscription_are_read() {
    let simulator = start("healthy").await;
    let (arm, world) = (arm(&simulator), simulator.world());
    let [tenant] = arm.tenants().await.unwrap().try_into().unwrap();
    assert_eq!(tenant.tenant_id, world.tenant_id());
    let [listed] = arm.subscriptions().await.unwrap().try_into().unwrap();
    assert_eq!(listed.subscription_id, world.subscription_id());
    let read = arm.subscription(world.subscription_id()).await.unwrap();
    assert_eq!(read.subscription_id, listed.subscription_id);
}

#[tokio::test]
async fn a_list_that_goes_on_elsewhere_takes_no_token_along() {
    let elsewhere = Scripted::start("200 OK\n\n{}");
    let link = format!("{}/subscriptions?page=2", elsewhere.endpoint());
    let simulator = start_with(&format!(
        "[[fault]]\nserver = \"arm\"\npath_prefix = \"/subscriptions\"\nstatus = 200\n\
         json = {{ value = [], nextLink = \"{link}\" }}"
    ))
    .await;
    let arm = arm_builder(&simulator).build().unwrap();
    let error = arm.subscriptions().await.unwrap_err();
    assert!(
        matches!(&error, Error::Paging(PagingError::ForeignHost(_))),
        "{error:?}"
    );
    assert_eq!(requests(&simulator, Server::ArmHttps).len(), 1);
    assert_eq!(elsewhere.received(), Vec::<String>::new());
}
